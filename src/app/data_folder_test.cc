#include "app/data_folder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "app/server_file.h"

namespace caudal::app {
namespace {

using ::testing::HasSubstr;
namespace fs = std::filesystem;
using Missing = DataFolder::Missing;

class DataFolderTest : public ::testing::Test {
 protected:
  void SetUp() override {
    root_ = (fs::temp_directory_path() / ("caudal-data-" + std::to_string(::getpid()))).string();
    fs::remove_all(root_);
    fs::create_directories(root_);
    folder_ = root_ + "/data";
  }
  void TearDown() override { fs::remove_all(root_); }
  std::string root_;
  std::string folder_;
};

TEST_F(DataFolderTest, IsMadeWithItsVersionAndOpensAgain) {
  {
    Result<DataFolder> made = DataFolder::Open(folder_, Missing::kCreate);
    ASSERT_TRUE(made.ok()) << made.error().message;
    EXPECT_EQ(made->version(), 1);
  }
  EXPECT_EQ(ReadFormat(folder_).value(), 1);
  EXPECT_TRUE(DataFolder::Open(folder_, Missing::kRefuse).ok());
}

TEST_F(DataFolderTest, HasOneOwner) {
  Result<DataFolder> first = DataFolder::Open(folder_, Missing::kCreate);
  ASSERT_TRUE(first.ok());
  ASSERT_TRUE(
      WriteServerFile(DataPaths{folder_}.server_file(), {"http://127.0.0.1:1", 42, "t"}).ok());
  Result<DataFolder> second = DataFolder::Open(folder_, Missing::kCreate);
  ASSERT_FALSE(second.ok());
  EXPECT_TRUE(second.error().Is(ErrorKind::kConflict));
  EXPECT_THAT(second.error().message, HasSubstr("process 42, http://127.0.0.1:1"));
}

TEST_F(DataFolderTest, OfANewerCaudalIsRefused) {
  { ASSERT_TRUE(DataFolder::Open(folder_, Missing::kCreate).ok()); }
  ASSERT_TRUE(WriteFormat(folder_, 2).ok());
  Result<DataFolder> opened = DataFolder::Open(folder_, Missing::kCreate);
  ASSERT_FALSE(opened.ok());
  EXPECT_TRUE(opened.error().Is(ErrorKind::kUnsupported));
  EXPECT_THAT(opened.error().message, HasSubstr("has version 2, this Caudal knows up to 1"));
}

TEST_F(DataFolderTest, OfAnOlderCaudalIsUpgradedStepByStep) {
  { ASSERT_TRUE(DataFolder::Open(folder_, Missing::kCreate).ok()); }
  std::vector<int> ran;
  const auto step = [&](int from) {
    return FormatStep{from, [&ran, from](const std::string&) -> Result<void> {
                        ran.push_back(from);
                        return {};
                      }};
  };
  {
    Result<DataFolder> opened =
        DataFolder::Open(folder_, Missing::kRefuse, {3, {step(2), step(1)}});
    ASSERT_TRUE(opened.ok()) << opened.error().message;
    EXPECT_EQ(opened->version(), 3);
  }
  EXPECT_EQ(ran, (std::vector<int>{1, 2}));
  EXPECT_EQ(ReadFormat(folder_).value(), 3);
  EXPECT_FALSE(DataFolder::Open(folder_, Missing::kRefuse, {5, {step(4)}}).ok());
}

TEST_F(DataFolderTest, AForeignOrDamagedOneIsLeftAlone) {
  fs::create_directories(folder_);
  ASSERT_TRUE(os::ReplaceFile(folder_ + "/thesis.odt", "x").ok());
  Result<DataFolder> foreign = DataFolder::Open(folder_, Missing::kCreate);
  ASSERT_FALSE(foreign.ok());
  EXPECT_THAT(foreign.error().message, HasSubstr("isn't a data folder"));
  EXPECT_EQ(os::ListDir(folder_)->size(), 1u);

  for (const char* text : {"", "caudal", "caudal data folder, version x\n",
                           "caudal data folder, version 1", "caudal data folder, version 0\n"}) {
    ASSERT_TRUE(os::ReplaceFile(folder_ + "/FORMAT", text).ok());
    Result<DataFolder> damaged = DataFolder::Open(folder_, Missing::kCreate);
    ASSERT_FALSE(damaged.ok()) << text;
    EXPECT_TRUE(damaged.error().Is(ErrorKind::kCorrupt)) << text;
  }
}

TEST_F(DataFolderTest, MissingIsSaid) {
  Result<DataFolder> opened = DataFolder::Open(folder_, Missing::kRefuse);
  ASSERT_FALSE(opened.ok());
  EXPECT_TRUE(opened.error().Is(ErrorKind::kNotFound));
  EXPECT_FALSE(os::Exists(folder_));
}

}  // namespace
}  // namespace caudal::app
