#include <gmock/gmock.h>

#include "capture/landing/change_builder.h"
#include "lake/write/writer_fixture.h"
#include "pipeline/applier.h"

namespace caudal::pipeline {
namespace {

using capture::ChangeOp;
using capture::ChunkRange;
using capture::Ledger;
using capture::TableState;
using testing::Pair;
using testing::UnorderedElementsAre;

struct Row {
  ChangeOp op;
  int64_t id;
  std::string name;
};

// Tables of a source with columns as WriterFixture's, in the dataset "n".
class ReadingTest : public lake::WriterFixture {
 protected:
  void SetUp() override {
    WriterFixture::SetUp();
    MakeBucket();
    OpenPipeline();
    Write([](meta::Tx& tx) -> Result<void> {
      TRY(Ledger::BeginEpoch(tx, "shop", "system", 8));
      return {};
    });
  }
  void TearDown() override {
    ClosePipeline();
    WriterFixture::TearDown();
  }
  std::vector<meta::Migration> MoreMigrations() override {
    std::vector<meta::Migration> all = WriterFixture::MoreMigrations();
    const auto more = Ledger::Migrations();
    all.insert(all.end(), more.begin(), more.end());
    return all;
  }
  void OpenPipeline() {
    ledger_ = std::make_unique<Ledger>(*database_);
    landing_ = capture::Landing::Open({"bucket", folder_ + "/landing"}, *store_, *ledger_,
                                      *parquet_, clock_, SystemRandom())
                   .value();
    RawTablesOptions options{"shop", "n", "public", {}, {}};
    options.drain = [this]() -> Result<void> {
      ApplyAll();
      return {};
    };
    options.gathering = [this](const std::string& folder) -> Result<bool> {
      for (const capture::CapturedTable& table : ledger_->TablesOf("shop").value())
        if (table.folder == folder) return table.shown != table.incarnation;
      return false;
    };
    tables_ = std::make_unique<RawTables>(std::move(options), *catalog_);
    ApplierOptions apply;
    apply.source = "shop";
    applier_ = std::make_unique<Applier>(
        apply,
        Applier::Parts{*tables_, *catalog_, *ledger_, *database_, *writer_, *store_, *parquet_});
  }
  void ClosePipeline() {
    applier_.reset();
    tables_.reset();
    landing_.reset();
    ledger_.reset();
  }
  void Crash() {
    ClosePipeline();
    ReopenLake();
    OpenPipeline();
  }

  template <class F>
  void Write(F&& change) {
    const Result<void> done = database_->Write(change);
    ASSERT_TRUE(done.ok()) << done.error().message;
  }
  uint32_t Add(const std::string& table) {
    capture::CapturedTable captured;
    captured.folder = "public." + table;
    captured.schema = "public";
    captured.table = table;
    return database_->Write([&](meta::Tx& tx) { return Ledger::AddTable(tx, "shop", captured); })
        .value();
  }
  capture::CapturedTable Captured(const std::string& table) {
    for (capture::CapturedTable& one : ledger_->TablesOf("shop").value())
      if (one.table == table) return one;
    return {};
  }
  static std::vector<capture::ChangeColumn> KeyedById() {
    return {{"id", Type(TypeKind::kLong), true, false, 1},
            {"name", Type(TypeKind::kString), false, false, 2}};
  }
  capture::LandedTable Bound(const std::string& table,
                             const std::vector<capture::ChangeColumn>& columns = KeyedById()) {
    const capture::CapturedTable captured = Captured(table);
    Result<Schema> history =
        tables_->Open("public", table, columns, captured.state == TableState::kNew);
    EXPECT_TRUE(history.ok()) << (history.ok() ? "" : history.error().message);
    return {captured.folder, captured.incarnation, history.value()};
  }
  void Plan(const std::string& table, int chunks) {
    std::vector<ChunkRange> ranges;
    for (int i = 0; i < chunks; ++i) ranges.push_back({7, static_cast<uint32_t>(i), i + 1});
    Write([&](meta::Tx& tx) {
      return Ledger::PlanChunks(tx, "shop", "public." + table, Captured(table).incarnation, ranges,
                                1);
    });
  }

  // One batch of a table's rows; with `chunk`, of its reading, after which that is done.
  void Land(const capture::LandedTable& table, const std::vector<Row>& rows,
            std::optional<int64_t> chunk = {}) {
    commit_ += 8;
    auto changes = capture::ChangeBuilder::Make(table.history, 2, false).value();
    uint64_t ordinal = 0;
    for (const Row& row : rows) {
      if (row.op == ChangeOp::kTruncate) {
        changes.column(0).AppendNull();
      } else {
        changes.column(0).AppendLong(row.id);
      }
      if (row.name.empty()) {
        changes.column(1).AppendNull();
      } else {
        changes.column(1).AppendBytes(row.name);
      }
      changes.EndRow({row.op, {1, commit_, ordinal++}, {}, false, {}});
    }
    auto batch = landing_->Begin("shop").value();
    const Position first{1, commit_, 0};
    const Position last{1, commit_, rows.empty() ? 0 : ordinal - 1};
    if (!rows.empty()) {
      ASSERT_TRUE(batch->Write(table, changes.Finish().value(), first, last).ok());
    }
    const auto landed =
        batch->Commit({first, last, {}, commit_}, [&](meta::Tx& tx) -> Result<void> {
          if (!chunk) return {};
          return Ledger::ChunksDone(tx, "shop",
                                    {table.folder,
                                     table.incarnation,
                                     {*chunk},
                                     static_cast<int64_t>(rows.size()),
                                     1,
                                     last},
                                    2);
        });
    ASSERT_TRUE(landed.ok()) << landed.error().message;
  }
  static capture::LandedTable Reading(capture::LandedTable table, bool fresh = true) {
    table.reading = true;
    table.fresh = fresh;
    return table;
  }
  // In place of what was there.
  void LandEmptied(const std::string& table) {
    Land(Reading(Bound(table), false), {{ChangeOp::kTruncate, 0, ""}});
  }
  void ApplyAll() {
    while (true) {
      const auto applied = applier_->ApplyNext();
      ASSERT_TRUE(applied.ok()) << applied.error().message;
      if (!*applied) return;
    }
  }
  // A table of these rows that is read and seen.
  void Seen(const std::string& table, const std::vector<Row>& rows) {
    Add(table);
    const capture::LandedTable bound = Reading(Bound(table));
    Plan(table, 1);
    Land(bound, rows, 0);
    ApplyAll();
    ASSERT_EQ(Captured(table).shown, 1u);
  }

  std::unique_ptr<Ledger> ledger_;
  std::unique_ptr<capture::Landing> landing_;
  std::unique_ptr<RawTables> tables_;
  std::unique_ptr<Applier> applier_;
  uint64_t commit_ = 16;
};

constexpr ChangeOp kR = ChangeOp::kSnapshot;
constexpr ChangeOp kC = ChangeOp::kInsert;
constexpr ChangeOp kU = ChangeOp::kUpdate;
constexpr ChangeOp kD = ChangeOp::kDelete;

TEST_F(ReadingTest, TablesThatAreReadAppearTogether) {
  Add("a");
  Add("b");
  const auto a = Reading(Bound("a"));
  const auto b = Reading(Bound("b"));
  Plan("a", 2);
  Plan("b", 1);
  Land(a, {{kR, 1, "one"}}, 0);
  ApplyAll();
  EXPECT_TRUE(Read("a").empty());
  Land(a, {{kR, 2, "two"}}, 1);
  ApplyAll();
  EXPECT_EQ(Captured("a").state, TableState::kRead);
  EXPECT_TRUE(Read("a").empty());
  Land(b, {{kR, 3, "three"}}, 0);
  ApplyAll();
  EXPECT_THAT(Read("a"), UnorderedElementsAre(Pair(1, "one"), Pair(2, "two")));
  EXPECT_THAT(Read("b"), UnorderedElementsAre(Pair(3, "three")));
  Land(Bound("a"), {{kU, 1, "changed"}, {kD, 2, ""}});
  ApplyAll();
  EXPECT_THAT(Read("a"), UnorderedElementsAre(Pair(1, "changed")));
}

TEST_F(ReadingTest, OldRowsAreSeenAndFollowTheSourceUntilTheNewOnesAreWhole) {
  Seen("t", {{kR, 1, "one"}, {kR, 2, "two"}});
  EXPECT_EQ(Add("t"), 2u);
  // Before its reading begins, and between two snapshots of it.
  Land(Bound("t"), {{kC, 3, "three"}});
  ApplyAll();
  EXPECT_THAT(Read("t"), UnorderedElementsAre(Pair(1, "one"), Pair(2, "two"), Pair(3, "three")));
  LandEmptied("t");
  Plan("t", 2);
  const auto bound = Bound("t");
  Land(Reading(bound), {{kR, 1, "new one"}}, 0);
  ApplyAll();
  Crash();
  Land(bound, {{kU, 1, "newest"}, {kC, 4, "four"}});
  ApplyAll();
  EXPECT_THAT(Read("t"), UnorderedElementsAre(Pair(1, "newest"), Pair(2, "two"), Pair(3, "three"),
                                              Pair(4, "four")));
  Land(Reading(bound, false), {{kR, 3, "new three"}, {kR, 4, "four"}}, 1);
  ApplyAll();
  EXPECT_THAT(Read("t"),
              UnorderedElementsAre(Pair(1, "newest"), Pair(3, "new three"), Pair(4, "four")));
  EXPECT_EQ(Captured("t").shown, 2u);
  EXPECT_EQ(Captured("t").gathered, 0u);
}

TEST_F(ReadingTest, AReadingThatWasGivenUpIsNeverSeen) {
  Seen("t", {{kR, 1, "one"}});
  Add("t");
  LandEmptied("t");
  Plan("t", 2);
  Land(Reading(Bound("t")), {{kR, 5, "five"}}, 0);
  ApplyAll();
  EXPECT_EQ(Add("t"), 3u);
  ApplyAll();
  EXPECT_THAT(Read("t"), UnorderedElementsAre(Pair(1, "one")));
  LandEmptied("t");
  Plan("t", 1);
  Land(Reading(Bound("t")), {{kR, 6, "six"}}, 0);
  ApplyAll();
  EXPECT_THAT(Read("t"), UnorderedElementsAre(Pair(6, "six")));
}

TEST_F(ReadingTest, ATableWithoutRowsIsReadToo) {
  Add("t");
  const auto bound = Bound("t");
  Plan("t", 1);
  Land(bound, {}, 0);
  ApplyAll();
  EXPECT_EQ(Captured("t").shown, 1u);
  Land(bound, {{kC, 1, "one"}});
  ApplyAll();
  EXPECT_THAT(Read("t"), UnorderedElementsAre(Pair(1, "one")));
}

TEST_F(ReadingTest, ChangesBetweenSnapshotsOfAFirstReadingAreInIt) {
  Add("t");
  const auto bound = Bound("t");
  Plan("t", 2);
  Land(bound, {}, 0);  // nothing was there then
  Land(bound, {{kC, 1, "one"}});
  Land(Reading(bound, false), {{kR, 2, "two"}}, 1);
  ApplyAll();
  EXPECT_THAT(Read("t"), UnorderedElementsAre(Pair(1, "one"), Pair(2, "two")));
}

TEST_F(ReadingTest, WhatOthersWaitedForMayGo) {
  Add("a");
  Add("b");
  const auto a = Reading(Bound("a"));
  Plan("a", 1);
  Plan("b", 1);
  Land(a, {{kR, 1, "one"}}, 0);
  ApplyAll();
  EXPECT_TRUE(Read("a").empty());
  Add("b");  // it is gone in the source
  ApplyAll();
  EXPECT_THAT(Read("a"), UnorderedElementsAre(Pair(1, "one")));
}

TEST_F(ReadingTest, RowsOfAnotherKeyTakeThePlaceOfTheOldOnes) {
  Seen("t", {{kR, 1, "one"}, {kR, 2, "two"}});
  Add("t");
  std::vector<capture::ChangeColumn> columns = KeyedById();
  columns[0].key = false;
  columns[1].key = true;
  Land(Bound("t", columns), {{kC, 9, "nine"}});
  ApplyAll();
  EXPECT_THAT(Read("t"), UnorderedElementsAre(Pair(1, "one"), Pair(2, "two")));
  const auto bound = Bound("t", columns);
  Land(Reading(bound, false), {{ChangeOp::kTruncate, 0, ""}});
  Plan("t", 1);
  Land(Reading(bound), {{kR, 7, "two"}, {kR, 9, "nine"}}, 0);
  Land(bound, {{kU, 8, "two"}});
  ApplyAll();
  const lake::SharedMetadata now = catalog_->Load(Name("t")).value().metadata;
  ASSERT_EQ(now->schema().identifier_field_ids().size(), 1u);
  EXPECT_EQ(now->schema().Find(now->schema().identifier_field_ids()[0])->name, "name");
  EXPECT_THAT(Read("t"), UnorderedElementsAre(Pair(8, "two"), Pair(9, "nine")));
}

TEST_F(ReadingTest, TheReplicaThatWasReplacedIsDroppedOnceNothingIsGathered) {
  Seen("t", {{kR, 1, "one"}});
  const lake::TableName next = tables_->PairOf("public", "t").next;
  EXPECT_TRUE(catalog_->Load(next).ok());
  EXPECT_NE(tables_->DropOld("public", "t").value(), nullptr);
  EXPECT_FALSE(catalog_->Load(next).ok());
  EXPECT_EQ(tables_->DropOld("public", "t").value(), nullptr);
  Add("t");
  LandEmptied("t");
  EXPECT_EQ(tables_->DropOld("public", "t").value(), nullptr);
  EXPECT_TRUE(catalog_->Load(next).ok());
}

TEST_F(ReadingTest, AnErrorOfTheExchangeLeavesAllAsItWas) {
  Seen("t", {{kR, 1, "one"}});
  Add("t");
  LandEmptied("t");
  Plan("t", 1);
  Land(Reading(Bound("t")), {{kR, 2, "two"}}, 0);
  ASSERT_TRUE(ArmFailpoints("lake.exchange=error", 1).ok());
  while (true) {
    const auto applied = applier_->ApplyNext();
    if (!applied.ok()) break;
    ASSERT_TRUE(applied->has_value());
  }
  DisarmFailpoints();
  EXPECT_THAT(Read("t"), UnorderedElementsAre(Pair(1, "one")));
  Crash();
  ApplyAll();
  EXPECT_THAT(Read("t"), UnorderedElementsAre(Pair(2, "two")));
}

}  // namespace
}  // namespace caudal::pipeline
