#include "os/file.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "base/random.h"

namespace caudal::os {
namespace {

class FileTest : public testing::Test {
 protected:
  std::string dir_ = testing::TempDir() + "/os-" + SystemRandom().Hex(6);
  void SetUp() override { ASSERT_TRUE(MakeDirs(dir_ + "/a/b").ok()); }
  void TearDown() override { EXPECT_TRUE(RemoveTree(dir_).ok()); }
};

TEST_F(FileTest, WritesReadsAndCopies) {
  File a = File::Open(dir_ + "/a/x", File::Mode::kCreateNew).value();
  ASSERT_TRUE(a.WriteAt(0, "hello world").ok());
  a.Sync("x");
  EXPECT_FALSE(File::Open(dir_ + "/a/x", File::Mode::kCreateNew).ok());
  File b = File::Open(dir_ + "/a/y", File::Mode::kCreateNew).value();
  ASSERT_TRUE(b.CopyFrom(a, 6, 2, 5).ok());
  EXPECT_EQ(ReadFile(dir_ + "/a/y", 100).value(), std::string("\0\0world", 7));
  EXPECT_EQ(b.CopyFrom(a, 6, 2, 50).error().kind, ErrorKind::kCorrupt);
  EXPECT_EQ(ReadFile(dir_ + "/a/y", 3).error().kind, ErrorKind::kLimit);
}

TEST_F(FileTest, ReplaceKeepsNoTemporary) {
  ASSERT_TRUE(ReplaceFile(dir_ + "/f", "one").ok());
  ASSERT_TRUE(ReplaceFile(dir_ + "/f", "two").ok());
  EXPECT_EQ(ReadFile(dir_ + "/f", 10).value(), "two");
  EXPECT_EQ(ListDir(dir_).value().size(), 2u);
}

TEST_F(FileTest, LockIsExclusive) {
  auto first = FileLock::Take(dir_ + "/lock");
  ASSERT_TRUE(first.ok());
  EXPECT_EQ(FileLock::Take(dir_ + "/lock").error().kind, ErrorKind::kConflict);
}

TEST_F(FileTest, ErrorsSayWhich) {
  EXPECT_EQ(File::Open(dir_ + "/none", File::Mode::kRead).error().kind, ErrorKind::kNotFound);
  EXPECT_EQ(Remove(dir_ + "/none").error().kind, ErrorKind::kNotFound);
  EXPECT_GT(SpaceOf(dir_).value().bytes_total, 0u);
}

TEST_F(FileTest, OpensOnlyPlainFiles) {
  const std::string folder = dir_ + "/a";
  ASSERT_TRUE(ReplaceFile(folder + "/file", "12345").ok());
  EXPECT_EQ(File::OpenPlain(folder + "/file").value().Size().value(), 5u);
  EXPECT_EQ(SizeOf(folder + "/file"), 5u);
  std::filesystem::create_symlink("file", folder + "/link");
  EXPECT_TRUE(File::OpenPlain(folder + "/link").error().Is(ErrorKind::kInvalid));
  EXPECT_EQ(SizeOf(folder + "/link"), 0u);
  EXPECT_TRUE(File::OpenPlain(folder).error().Is(ErrorKind::kInvalid));
  EXPECT_TRUE(File::OpenPlain(folder + "/none").error().Is(ErrorKind::kNotFound));
  ASSERT_TRUE(HardLink(folder + "/file", folder + "/twin").ok());
  EXPECT_TRUE(File::OpenPlain(folder + "/file").error().Is(ErrorKind::kInvalid));
}

}  // namespace
}  // namespace caudal::os
