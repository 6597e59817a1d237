#include "capture/landing/landing.h"

#include <gmock/gmock.h>

#include "base/failpoint.h"
#include "capture/landing/change_builder.h"
#include "engine/parquet_reader.h"
#include "objects/store_fixture.h"

namespace caudal::capture {
namespace {

using testing::ElementsAre;
using testing::SizeIs;

class LandingTest : public objects::StoreFixture {
 protected:
  void SetUp() override {
    StoreFixture::SetUp();
    MakeBucket();
    parquet_ = engine::InProcessDatabase::Open().value();
    OpenLanding();
    BeginEpoch("system 1");
  }
  void TearDown() override {
    DisarmFailpoints();
    landing_.reset();
    ledger_.reset();
    StoreFixture::TearDown();
  }
  std::vector<meta::Migration> MoreMigrations() override {
    const auto more = Ledger::Migrations();
    return {more.begin(), more.end()};
  }
  void OpenLanding() {
    ledger_ = std::make_unique<Ledger>(*database_);
    landing_options_.bucket = "bucket";
    landing_options_.folder = folder_ + "/landing";
    landing_ = Landing::Open(landing_options_, *store_, *ledger_, *parquet_, clock_, SystemRandom())
                   .value();
  }
  void ReopenLanding() {
    landing_.reset();
    ledger_.reset();
    Reopen();
    OpenLanding();
  }
  void BeginEpoch(const std::string& identity) {
    epoch_ =
        database_
            ->Write([&](meta::Tx& tx) { return Ledger::BeginEpoch(tx, "shop", identity, 0x100); })
            .value();
  }
  SourceProgress Progress() { return ledger_->ProgressOf("shop").value().value(); }
  std::vector<LandedBatch> Batches(int64_t after = 0) {
    return ledger_->BatchesOf("shop", after, 1000).value();
  }

  LandedTable Table(const std::string& name) const {
    return {TableFolder("public", name), 1, shape_.history};
  }
  Position At(uint64_t commit, uint64_t ordinal) const { return {epoch_, commit, ordinal}; }
  // `rows` inserts of one transaction, from `ordinal` on.
  Batch Rows(uint64_t commit, uint64_t ordinal, int rows) const {
    ChangeBuilder builder = ChangeBuilder::Make(shape_.history, 2, false).value();
    for (int i = 0; i < rows; ++i) {
      const uint64_t number = ordinal + static_cast<uint64_t>(i);
      builder.column(0).AppendLong(static_cast<int64_t>(number));
      builder.column(1).AppendBytes("n" + std::to_string(number));
      builder.EndRow({ChangeOp::kInsert, At(commit, number), 5});
    }
    return builder.Finish().value();
  }
  Result<LandedChanges> Land(uint64_t commit, int rows) {
    std::unique_ptr<LandingBatch> batch = TRY(landing_->Begin("shop"));
    const auto last = static_cast<uint64_t>(rows - 1);
    TRY(batch->Write(Table("t"), Rows(commit, 0, rows), At(commit, 0), At(commit, last)));
    return batch->Commit({At(commit, 0), At(commit, last), 5, commit + 8});
  }
  std::vector<std::string> Objects() {
    std::vector<std::string> names;
    for (const objects::Object& object : store_->List({.bucket = "bucket"}).value().items)
      names.push_back(object.name);
    return names;
  }
  // The names in a change file, in order.
  std::vector<std::string> NamesIn(const LandedFile& file) {
    const objects::OpenedObject opened =
        store_->Open({file.bucket, file.object, file.generation}).value();
    auto reader = engine::ParquetReader::Open(*parquet_, opened.path, shape_.history).value();
    std::vector<std::string> names;
    while (auto rows = reader->Next().value())
      for (int64_t row = 0; row < rows->batch.rows(); ++row)
        names.emplace_back(rows->batch.column(1).bytes(row));
    return names;
  }

  const ChangeShape shape_ = ShapeOf({{"id", Type(TypeKind::kLong), true, false},
                                      {"name", Type(TypeKind::kString), false, false}})
                                 .value();
  std::unique_ptr<engine::InProcessDatabase> parquet_;
  LandingOptions landing_options_;
  std::unique_ptr<Ledger> ledger_;
  std::unique_ptr<Landing> landing_;
  uint32_t epoch_ = 0;
};

TEST_F(LandingTest, ABatchIsFilesAndAnEntryAtOnce) {
  std::unique_ptr<LandingBatch> batch = landing_->Begin("shop").value();
  ASSERT_TRUE(batch->Write(Table("b"), Rows(0x200, 0, 2), At(0x200, 0), At(0x200, 1)).ok());
  ASSERT_TRUE(batch->Write(Table("a"), Rows(0x200, 2, 1), At(0x200, 2), At(0x200, 2)).ok());
  ASSERT_TRUE(batch->Write(Table("b"), Rows(0x300, 0, 1), At(0x300, 0), At(0x300, 0)).ok());
  EXPECT_THAT(Objects(), SizeIs(0));
  const auto landed = batch->Commit({At(0x200, 0), At(0x300, 4), 99, 0x308});
  ASSERT_TRUE(landed.ok()) << landed.error().message;
  EXPECT_EQ(landed->batch.number, 1);
  ASSERT_THAT(landed->files, SizeIs(2));
  EXPECT_EQ(landed->files[0].parquet.rows, 3);

  ReopenLanding();
  EXPECT_THAT(Batches(), ElementsAre(landed->batch));
  const LandedFile b = Batches()[0].files[0];
  EXPECT_EQ(b.table, "public.b");
  EXPECT_EQ(b.rows, 3);
  EXPECT_EQ(b.first, At(0x200, 0));
  EXPECT_EQ(b.last, At(0x300, 0));
  EXPECT_THAT(NamesIn(b), ElementsAre("n0", "n1", "n0"));
  EXPECT_THAT(b.object,
              testing::MatchesRegex("shop/public.b/00000001/[0-9]{4}/[0-9]{2}/[0-9]{2}/[0-9]{2}/"
                                    "00000001-0000000000000200-0000000000-"
                                    "00000001-0000000000000300-0000000000.parquet"));
  EXPECT_EQ(Progress().landed, At(0x300, 4));
  EXPECT_EQ(Progress().resume_at, 0x308u);
  EXPECT_EQ(Progress().last_batch, 1);
  EXPECT_EQ(Progress().applied_batch, 0);
}

TEST_F(LandingTest, WhatWasLandedIsntLandedAgain) {
  ASSERT_TRUE(Land(0x200, 3).ok());
  const std::vector<std::string> objects = Objects();
  for (const uint64_t commit : {0x200, 0x1ff}) {
    const auto again = Land(commit, 2);
    ASSERT_FALSE(again.ok());
    EXPECT_EQ(again.error().code, "ledger.behind");
  }
  EXPECT_EQ(Objects(), objects);
  EXPECT_THAT(Batches(), SizeIs(1));
  EXPECT_TRUE(Land(0x201, 2).ok());
}

TEST_F(LandingTest, AnotherIdentityBeginsAnotherEpoch) {
  ASSERT_TRUE(Land(0x200, 3).ok());
  const uint32_t before = epoch_;
  BeginEpoch("system 2");
  EXPECT_EQ(epoch_, before + 1);
  EXPECT_EQ(Progress().identity, "system 2");
  EXPECT_FALSE(Progress().landed);
  // The log of the new one may be shorter.
  ASSERT_TRUE(Land(0x50, 1).ok());
  EXPECT_EQ(Batches().back().number, 2);
  epoch_ = before;
  EXPECT_EQ(Land(0x900, 1).error().code, "ledger.behind");
}

TEST_F(LandingTest, ADeathLeavesAllOrNothing) {
  for (const char* step : {"capture.landing.written", "objects.publish_all.join"}) {
    ASSERT_TRUE(ArmFailpoints(std::string(step) + "=error").ok());
    const auto landed = Land(0x400, 2);
    DisarmFailpoints();
    EXPECT_FALSE(landed.ok()) << step;
    EXPECT_THAT(Batches(), SizeIs(0)) << step;
    EXPECT_THAT(Objects(), SizeIs(0)) << step;
    EXPECT_EQ(Progress().resume_at, 0x100u) << step;
  }
  landing_->Begin("shop").value().reset();
  EXPECT_TRUE(std::filesystem::is_empty(landing_options_.folder));
}

TEST_F(LandingTest, LargeBatchesAreSeveralFiles) {
  landing_options_.file_bytes = 20'000;
  ReopenLanding();
  std::unique_ptr<LandingBatch> batch = landing_->Begin("shop").value();
  for (uint64_t part = 0; part < 10; ++part)
    ASSERT_TRUE(batch
                    ->Write(Table("t"), Rows(0x200, part * 100, 100), At(0x200, part * 100),
                            At(0x200, part * 100 + 99))
                    .ok());
  const auto landed = batch->Commit({At(0x200, 0), At(0x200, 999), 5, 0x208});
  ASSERT_TRUE(landed.ok()) << landed.error().message;
  ASSERT_GT(landed->files.size(), 1u);
  uint64_t next = 0;
  for (const WrittenChanges& file : landed->files) {
    EXPECT_EQ(file.landed.first, At(0x200, next));
    for (const std::string& name : NamesIn(file.landed))
      EXPECT_EQ(name, "n" + std::to_string(next++));
  }
  EXPECT_EQ(next, 1000u);
}

TEST_F(LandingTest, BatchesAreFollowedAndForgotten) {
  for (uint64_t i = 1; i <= 4; ++i) {
    ASSERT_TRUE(Land(0x200 + i, 1).ok());
    clock_.Advance(std::chrono::hours(1));
  }
  EXPECT_THAT(Batches(2), SizeIs(2));
  EXPECT_EQ(ledger_->BatchesOf("shop", 0, 1).value()[0].number, 1);
  const auto write = [&](auto&& change) { return database_->Write(change); };
  ASSERT_TRUE(write([&](meta::Tx& tx) { return Ledger::Applied(tx, "shop", 3); }).ok());
  ASSERT_TRUE(write([&](meta::Tx& tx) { return Ledger::Applied(tx, "shop", 2); }).ok());
  EXPECT_EQ(Progress().applied_batch, 3);
  EXPECT_FALSE(write([&](meta::Tx& tx) { return Ledger::Applied(tx, "shop", 5); }).ok());
  const auto forget = [&](Micros before) {
    return write([&](meta::Tx& tx) { return Ledger::Forget(tx, "shop", before, 100); }).value();
  };
  EXPECT_EQ(forget(Batches()[1].landed_at), 1);
  EXPECT_EQ(forget(clock_.Now()), 2);
  EXPECT_EQ(forget(clock_.Now()), 0);
  ASSERT_THAT(Batches(), SizeIs(1));
  EXPECT_EQ(Batches()[0].number, 4);
  EXPECT_THAT(Objects(), SizeIs(4));
}

TEST_F(LandingTest, NothingToLandMovesThePositionToAcknowledge) {
  const auto advance = [&](uint64_t to) {
    return database_->Write([&](meta::Tx& tx) { return Ledger::Advance(tx, "shop", to); });
  };
  const uint64_t far = 0xffff'ffff'0000'0000;
  ASSERT_TRUE(advance(far).ok());
  ASSERT_TRUE(advance(0x200).ok());
  EXPECT_EQ(Progress().resume_at, far);
  EXPECT_FALSE(Progress().landed);
  EXPECT_TRUE(landing_->Begin("another").error().Is(ErrorKind::kNotFound));
}

TEST_F(LandingTest, FreshRowsHaveFilesOfTheirOwn) {
  std::unique_ptr<LandingBatch> batch = landing_->Begin("shop").value();
  LandedTable fresh = Table("t");
  fresh.fresh = true;
  ASSERT_TRUE(batch->Write(fresh, Rows(0x200, 0, 2), At(0x200, 0), At(0x200, 1)).ok());
  ASSERT_TRUE(batch->Write(Table("t"), Rows(0x200, 2, 1), At(0x200, 2), At(0x200, 2)).ok());
  ASSERT_TRUE(batch->Write(fresh, Rows(0x200, 3, 1), At(0x200, 3), At(0x200, 3)).ok());
  ASSERT_TRUE(batch->Commit({At(0x200, 0), At(0x200, 3), {}, 0x208}).ok());
  const std::vector<LandedFile> files = Batches()[0].files;
  ASSERT_THAT(files, SizeIs(2));
  EXPECT_TRUE(files[0].fresh);
  EXPECT_EQ(files[0].rows, 3);
  EXPECT_FALSE(files[1].fresh);
  EXPECT_EQ(files[1].rows, 1);
}

TEST_F(LandingTest, MoreMayBeDoneInTheSameTransaction) {
  const auto land = [&](uint64_t commit, Result<void> outcome) {
    std::unique_ptr<LandingBatch> batch = landing_->Begin("shop").value();
    EXPECT_TRUE(batch->Write(Table("t"), Rows(commit, 0, 1), At(commit, 0), At(commit, 0)).ok());
    return batch->Commit({At(commit, 0), At(commit, 0), {}, commit}, [&](meta::Tx& tx) {
      EXPECT_TRUE(Ledger::Applied(tx, "shop", 1).ok());  // the batch is known to it
      return outcome;
    });
  };
  EXPECT_FALSE(land(0x200, MakeError(ErrorKind::kConflict, "no")).ok());
  EXPECT_THAT(Batches(), SizeIs(0));
  EXPECT_THAT(Objects(), SizeIs(0));
  EXPECT_EQ(Progress().applied_batch, 0);
  EXPECT_TRUE(land(0x200, {}).ok());
  EXPECT_EQ(Progress().applied_batch, 1);
}

TEST_F(LandingTest, TimeThatGoesBackKeepsNamesInOrder) {
  ASSERT_TRUE(Land(0x200, 1).ok());
  clock_.SetNow(clock_.Now() - Micros{48} * 3'600'000'000);
  ASSERT_TRUE(Land(0x201, 1).ok());
  const std::vector<LandedBatch> batches = Batches();
  EXPECT_GE(batches[1].landed_at, batches[0].landed_at);
  EXPECT_LT(batches[0].files[0].object, batches[1].files[0].object);
}

TEST(TableFolderTest, AnyNameIsOneStep) {
  EXPECT_EQ(TableFolder("public", "payments"), "public.payments");
  EXPECT_EQ(TableFolder("a.b", "c"), "a%2Eb.c");
  EXPECT_EQ(TableFolder("a", "b.c"), "a.b%2Ec");
  EXPECT_EQ(TableFolder("Odd \"Schema\"", "x/y?*[%]"), "Odd %22Schema%22.x%2Fy%3F%2A%5B%25%5D");
  EXPECT_EQ(TableFolder("año", "\t"), "año.%09");
}

}  // namespace
}  // namespace caudal::capture
