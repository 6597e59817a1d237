#include "os/mapped_file.h"

#include <gtest/gtest.h>

#include "base/random.h"
#include "os/file.h"

namespace caudal::os {
namespace {

TEST(MappedFile, ShowsTheWholeFile) {
  const std::string dir = testing::TempDir() + "/mapped-" + SystemRandom().Hex(6);
  ASSERT_TRUE(MakeDirs(dir).ok());
  const std::string text = std::string(10000, 'x') + "end";
  ASSERT_TRUE(ReplaceFile(dir + "/file", text).ok());
  ASSERT_TRUE(ReplaceFile(dir + "/empty", "").ok());

  MappedFile file = MappedFile::Open(dir + "/file").value();
  EXPECT_EQ(file.bytes(), text);
  MappedFile moved = std::move(file);
  EXPECT_EQ(moved.bytes(), text);
  // One that is replaced, and one that is removed, stays as it was.
  ASSERT_TRUE(ReplaceFile(dir + "/file", "other").ok());
  EXPECT_EQ(moved.bytes(), text);
  MappedFile other = MappedFile::Open(dir + "/file").value();
  ASSERT_TRUE(Remove(dir + "/file").ok());
  moved = std::move(other);
  EXPECT_EQ(moved.bytes(), "other");

  EXPECT_TRUE(MappedFile::Open(dir + "/empty").value().bytes().empty());
  EXPECT_TRUE(MappedFile::Open(dir + "/none").error().Is(ErrorKind::kNotFound));
  EXPECT_TRUE(MappedFile::Open(dir).error().Is(ErrorKind::kInvalid));
  EXPECT_TRUE(RemoveTree(dir).ok());
}

}  // namespace
}  // namespace caudal::os
