#include "lake/files/position_delete_cache.h"

#include <gmock/gmock.h>

#include <algorithm>

#include "lake/catalog/locations.h"
#include "lake/write/writer_fixture.h"

namespace caudal::lake {
namespace {

using testing::ElementsAre;

class PositionDeleteCacheTest : public WriterFixture {
 protected:
  void SetUp() override {
    WriterFixture::SetUp();
    Make("t");
    for (int file = 0; file < 2; ++file) {
      std::vector<std::pair<int64_t, std::string>> rows;
      for (int64_t i = 0; i < 10; ++i) rows.emplace_back(file * 10 + i, "x");
      ASSERT_TRUE(Append("t", rows).ok());
    }
    ASSERT_TRUE(Delete("t", {13, 11, 4}).ok());
    data_ = FilesOf("t")->Files(FileContent::kData);
    deletes_ = FilesOf("t")->Files(FileContent::kPositionDeletes);
    ASSERT_EQ(data_.size(), 2u);
    ASSERT_EQ(deletes_.size(), 1u);
  }
  // Without the file: only what is kept can be read.
  DataFile Gone() const {
    DataFile gone = deletes_[0]->file;
    gone.path += ".gone";
    return gone;
  }

  std::vector<SharedFile> data_;
  std::vector<SharedFile> deletes_;
};

void ExpectBoth(const std::vector<FileRows>& rows) {
  ASSERT_EQ(rows.size(), 2u);
  std::vector<std::vector<int64_t>> all = {rows[0].rows, rows[1].rows};
  std::ranges::sort(all);
  EXPECT_THAT(all, ElementsAre(ElementsAre(1, 3), ElementsAre(4)));
}

TEST_F(PositionDeleteCacheTest, ReadsWhatIsNotKept) {
  for (const uint64_t bytes_max : {uint64_t{0}, uint64_t{1} << 20}) {
    PositionDeleteCache cache(*store_, *parquet_, bytes_max);
    for (int i = 0; i < 2; ++i) ExpectBoth(cache.Read(deletes_[0]->file, data_).value());
    EXPECT_EQ(cache.Read(deletes_[0]->file, {data_[0]}).value().size(), 1u) << "of those only";
    EXPECT_TRUE(cache.Read(Gone(), data_).error().Is(ErrorKind::kCorrupt));
  }
}

TEST_F(PositionDeleteCacheTest, WhatIsWrittenIsKept) {
  const ObjectPlace place = PlaceOf(deletes_[0]->file.path).value();
  ASSERT_TRUE(store_->Delete({place.bucket, place.name, {}}).ok());
  ExpectBoth(writer_->deletes().Read(deletes_[0]->file, data_).value());
}

TEST_F(PositionDeleteCacheTest, WhatWasUsedLongestAgoGoes) {
  PositionDeleteCache cache(*store_, *parquet_, 64u << 10);
  DataFile file = Gone();
  const auto name = [&](int i) { return "gs://lake/" + std::to_string(i); };
  const auto read = [&](int i) {
    file.path = name(i);
    return cache.Read(file, data_).ok();
  };
  for (int i = 0; i < 100; ++i) {
    cache.Keep(name(i), {{data_[0]->file.path, std::vector<int64_t>(1000 / 8, 1)}});
    EXPECT_TRUE(read(0)) << "used all the time";
    EXPECT_TRUE(read(i));
  }
  EXPECT_FALSE(read(1));
  EXPECT_TRUE(read(90));
  cache.Keep("gs://lake/large", {{data_[0]->file.path, std::vector<int64_t>(64 << 10, 1)}});
  EXPECT_TRUE(read(90)) << "what is too large isn't kept";
}

TEST_F(PositionDeleteCacheTest, RowsThatAFileHasNotAreAnError) {
  for (const int64_t row : {-1, 10}) {
    PositionDeleteCache cache(*store_, *parquet_, 1u << 20);
    cache.Keep("gs://lake/odd", {{data_[0]->file.path, {std::min<int64_t>(row, 0), row}}});
    DataFile file = Gone();
    file.path = "gs://lake/odd";
    const Result<std::vector<FileRows>> read = cache.Read(file, data_);
    ASSERT_FALSE(read.ok());
    EXPECT_TRUE(read.error().Is(ErrorKind::kCorrupt));
    EXPECT_THAT(read.error().message, testing::HasSubstr(data_[0]->file.path));
    EXPECT_TRUE(cache.Read(file, {data_[1]}).value().empty()) << "not asked for";
  }
}

}  // namespace
}  // namespace caudal::lake
