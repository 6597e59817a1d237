#include "pipeline/history_retention.h"

#include <gmock/gmock.h>

#include "lake/upkeep/compaction.h"
#include "lake/upkeep/removal.h"
#include "pipeline/landed_fixture.h"
#include "pipeline/rebuild/history_files.h"

namespace caudal::pipeline {
namespace {

using namespace std::chrono_literals;
using capture::ChangeOp;

class HistoryRetentionTest : public LandedFixture, private lake::OtherFiles {
 protected:
  void SetUp() override {
    LandedFixture::SetUp();
    retention_ = std::make_unique<HistoryRetention>(
        RetentionOptions{"shop", "raw_shop", "landing", Micros{3'600'000'000}},
        HistoryRetention::Parts{*catalog_, *writer_, *store_, *ledger_, clock_});
  }
  void TearDown() override {
    retention_.reset();
    LandedFixture::TearDown();
  }
  Result<void> Prepare() override { return retention_->Cut(); }
  Result<std::vector<objects::ObjectRef>> ObjectsOf(const lake::LoadedTable& table) override {
    return retention_->OldObjects(table);
  }
  int64_t Remove() {
    lake::RemovalOptions options;
    options.keep = 60'000'000;
    return lake::Remover(*catalog_, *store_, *database_, clock_, options, stop_)
        .Run(this)
        .value()
        .removed;
  }
  bool There(const std::string& object) { return store_->Stat({"landing", object, {}}).ok(); }
  std::string DroppedUpTo() {
    const auto& properties = catalog_->Load(Table("__changes")).value().metadata->properties;
    const auto found = properties.find(kDroppedUpToProperty);
    return found == properties.end() ? "" : found->second;
  }

  std::unique_ptr<HistoryRetention> retention_;
  std::atomic<bool> stop_ = false;
};

TEST_F(HistoryRetentionTest, OldFilesLeaveTheHistoryAndThenTheBucket) {
  const std::string first = LandRow(ChangeOp::kInsert, 1, "a");
  Row(ChangeOp::kInsert, 2, "b");
  Row(ChangeOp::kInsert, 3, "c");
  const std::string second = Land();
  Apply();
  ASSERT_TRUE(retention_->Cut().ok());
  EXPECT_EQ(RowsIn(Table("__changes")), 3);
  EXPECT_EQ(DroppedUpTo(), "");

  clock_.Advance(2h);
  const std::string third = LandRow(ChangeOp::kUpdate, 1, "d");
  Apply();
  ASSERT_TRUE(retention_->Cut().ok());
  EXPECT_EQ(RowsIn(Table("__changes")), 1);
  EXPECT_EQ(DroppedUpTo(), (Position{epoch_, 24, 1}).Text());
  EXPECT_EQ(Replica().size(), 3u);
  // Snapshots still have them.
  Remove();
  clock_.Advance(30min);
  Remove();
  EXPECT_TRUE(There(first) && There(second) && There(third));
  // They go with the next commits.
  clock_.Advance(200h);
  LandRow(ChangeOp::kInsert, 4, "e");
  Apply();
  Remove();
  EXPECT_TRUE(There(first)) << "somebody may still read it";
  clock_.Advance(2min);
  EXPECT_GE(Remove(), 2);
  EXPECT_FALSE(There(first) || There(second));
  EXPECT_TRUE(There(third)) << "the history has it";
}

TEST_F(HistoryRetentionTest, WhatIsNotAppliedStays) {
  LandRow(ChangeOp::kInsert, 1, "a");
  Apply();
  const std::string waiting = LandRow(ChangeOp::kInsert, 2, "b");
  clock_.Advance(300h);
  ASSERT_TRUE(retention_->Cut().ok());
  EXPECT_EQ(RowsIn(Table("__changes")), 0);
  for (int i = 0; i < 3; ++i) {
    Remove();
    clock_.Advance(1h);
  }
  EXPECT_TRUE(There(waiting));
  Apply();
  EXPECT_EQ(Replica().size(), 2u);
  EXPECT_EQ(RowsIn(Table("__changes")), 1);
}

TEST_F(HistoryRetentionTest, FilesThatCompactionReplacedGoAndItsOwnTooWhenTheyAreOld) {
  std::vector<std::string> landed;
  for (int i = 0; i < 4; ++i) {
    landed.push_back(LandRow(ChangeOp::kInsert, i, "a"));
    Apply();
  }
  ASSERT_TRUE(lake::Compactor(*writer_, {}, stop_).RunAll(Table("__changes")).ok());
  clock_.Advance(30min);
  LandRow(ChangeOp::kInsert, 9, "b");
  Apply();
  clock_.Advance(40min);
  ASSERT_TRUE(retention_->Cut().ok());
  EXPECT_EQ(RowsIn(Table("__changes")), 1);
  EXPECT_EQ(DroppedUpTo(), (Position{epoch_, 40, 0}).Text());
  clock_.Advance(200h);
  LandRow(ChangeOp::kInsert, 10, "c");
  Apply();
  Remove();
  clock_.Advance(2min);
  Remove();
  for (const std::string& object : landed) EXPECT_FALSE(There(object)) << object;
}

TEST_F(HistoryRetentionTest, AHistorysFilesAreInOrderAndTellWhatIsInThem) {
  LandRow(ChangeOp::kSnapshot, 1, "a");
  Row(ChangeOp::kInsert, 2, "b");
  Row(ChangeOp::kTruncate, {});
  Row(ChangeOp::kSnapshot, 3, "c");
  Land();
  LandRow(ChangeOp::kSnapshot, 4, "d");
  Apply();
  EXPECT_EQ(Replica().size(), 2u);
  HistoryFiles files(*writer_);
  const auto read = [&] {
    const lake::SharedMetadata metadata = catalog_->Load(Table("__changes")).value().metadata;
    return files.Read(*metadata, {});
  };
  ASSERT_TRUE(read().ok());
  ASSERT_EQ(files.files().size(), 3u);
  EXPECT_EQ(files.files()[1].first, (Position{epoch_, 24, 0}).Text());
  EXPECT_EQ(files.files()[1].last, (Position{epoch_, 24, 2}).Text());
  EXPECT_EQ(files.emptied(), (Position{epoch_, 24, 1}).Text());
  EXPECT_EQ(files.reads(), 2);
  EXPECT_EQ(files.RowsBehind(files.files()[0].last), 4);
  // Merged, they tell the same.
  ASSERT_TRUE(lake::Compactor(*writer_, {}, stop_).RunAll(Table("__changes")).ok());
  ASSERT_TRUE(read().ok());
  ASSERT_EQ(files.files().size(), 1u);
  EXPECT_EQ(files.emptied(), (Position{epoch_, 24, 1}).Text());
  EXPECT_EQ(files.reads(), 2);
}

}  // namespace
}  // namespace caudal::pipeline
