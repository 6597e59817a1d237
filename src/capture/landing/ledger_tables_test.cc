// Tables of a source in the ledger, and the chunks they are read in.
#include <gmock/gmock.h>

#include <filesystem>

#include "base/random.h"
#include "capture/landing/ledger.h"
#include "os/file.h"

namespace caudal::capture {
namespace {

using testing::ElementsAre;
using testing::SizeIs;

class LedgerTablesTest : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(os::MakeDirs(folder_).ok());
    database_ = meta::Database::Open({.path = folder_ + "/meta.db"}, Ledger::Migrations()).value();
    ledger_ = std::make_unique<Ledger>(*database_);
  }
  void TearDown() override {
    ledger_.reset();
    database_.reset();
    std::filesystem::remove_all(folder_);
  }

  uint32_t Add(const std::string& folder, uint32_t oid = 7) {
    CapturedTable table;
    table.folder = folder;
    table.schema = "public";
    table.table = folder;
    table.oid = oid;
    table.file_node = oid + 1;
    table.rows_estimate = 1000;
    return database_->Write([&](meta::Tx& tx) { return Ledger::AddTable(tx, "shop", table); })
        .value();
  }
  Result<void> Plan(const std::string& folder, uint32_t incarnation,
                    const std::vector<ChunkRange>& chunks) {
    return database_->Write([&](meta::Tx& tx) {
      return Ledger::PlanChunks(tx, "shop", folder, incarnation, chunks, 100);
    });
  }
  Result<void> Done(const ReadChunks& read, Micros now = 200) {
    return database_->Write(
        [&](meta::Tx& tx) { return Ledger::ChunksDone(tx, "shop", read, now); });
  }
  CapturedTable Only() {
    const auto tables = ledger_->TablesOf("shop").value();
    EXPECT_THAT(tables, SizeIs(1));
    return tables.at(0);
  }

  const std::string folder_ = testing::TempDir() + "/ledger-" + SystemRandom().Hex(6);
  std::unique_ptr<meta::Database> database_;
  std::unique_ptr<Ledger> ledger_;
};

TEST_F(LedgerTablesTest, ATableIsReadInChunks) {
  EXPECT_EQ(Add("t"), 1u);
  EXPECT_EQ(Only().state, TableState::kNew);
  EXPECT_EQ(Only().rows_estimate, 1000);
  EXPECT_EQ(Only().oid, 7u);
  EXPECT_EQ(Only().file_node, 8u);
  const uint32_t far = 4'294'967'294;  // the last block there can be
  ASSERT_TRUE(Plan("t", 1, {{7, 0, 100}, {7, 100, far}, {7, far, std::nullopt}}).ok());
  EXPECT_THAT(ledger_->ChunksOf("shop", "t").value(),
              ElementsAre(TableChunk{0, {7, 0, 100}, false}, TableChunk{1, {7, 100, far}, false},
                          TableChunk{2, {7, far, std::nullopt}, false}));
  EXPECT_EQ(Only().started_at, 100);

  const Position at{1, 0xffff'ffff'0000'0000, 9};
  ASSERT_TRUE(Done({"t", 1, {2, 0}, 30, 3000, at}).ok());
  EXPECT_EQ(Only().state, TableState::kReading);
  EXPECT_EQ(Only().chunks, 3);
  EXPECT_EQ(Only().chunks_done, 2);
  EXPECT_EQ(Only().rows_read, 30);
  EXPECT_EQ(Only().read_at, at);
  EXPECT_FALSE(Only().finished_at);

  ASSERT_TRUE(Done({"t", 1, {1}, 5, 500, {2, 1, 0}}, 300).ok());
  EXPECT_EQ(Only().state, TableState::kRead);
  EXPECT_EQ(Only().rows_read, 35);
  EXPECT_EQ(Only().bytes, 3500);
  EXPECT_EQ(Only().finished_at, 300);
  EXPECT_EQ(Only().chunks, 0);
}

TEST_F(LedgerTablesTest, AChunkIsDoneOnce) {
  Add("t");
  ASSERT_TRUE(Plan("t", 1, {{7, 0, 100}, {7, 100, std::nullopt}}).ok());
  ASSERT_TRUE(Done({"t", 1, {0}, 1, 1, {1, 1, 1}}).ok());
  for (const int64_t number : {0, 2}) {
    const auto again = Done({"t", 1, {1, number}, 1, 1, {1, 1, 2}});
    ASSERT_FALSE(again.ok());
    EXPECT_EQ(again.error().code, "ledger.chunk_done");
  }
  EXPECT_EQ(Only().chunks_done, 1);
  EXPECT_EQ(Only().rows_read, 1);
}

TEST_F(LedgerTablesTest, MadeAnewIsAnotherIncarnation) {
  Add("t");
  ASSERT_TRUE(Plan("t", 1, {{7, 0, std::nullopt}}).ok());
  EXPECT_EQ(Add("t", 20), 2u);
  EXPECT_EQ(Only().oid, 20u);
  EXPECT_EQ(Only().state, TableState::kNew);
  EXPECT_EQ(Only().chunks, 0);
  EXPECT_EQ(Done({"t", 1, {0}, 1, 1, {}}).error().code, "ledger.another_incarnation");
  EXPECT_EQ(Plan("t", 1, {}).error().code, "ledger.another_incarnation");
  EXPECT_EQ(Plan("u", 1, {}).error().code, "ledger.another_incarnation");
  Add("u");
  EXPECT_THAT(ledger_->TablesOf("shop").value(), SizeIs(2));
  EXPECT_THAT(ledger_->TablesOf("other").value(), SizeIs(0));
}

TEST_F(LedgerTablesTest, WhatIsSeenOutlivesAnotherIncarnation) {
  Add("t");
  ASSERT_TRUE(database_
                  ->Write([](meta::Tx& tx) -> Result<void> {
                    TRY(Ledger::BeginEpoch(tx, "shop", "system", 0));
                    TRY(Ledger::Append(tx, "shop", {0, {1, 1, 0}, {1, 1, 0}, {}, 0, {}}, 8));
                    return Ledger::PlanChunks(tx, "shop", "t", 1, {}, 100);
                  })
                  .ok());
  ASSERT_TRUE(Done({"t", 1, {}, 0, 0, {1, 1, 0}}).ok());
  EXPECT_EQ(Only().read_in, 1);
  const auto set = [&](const auto& what, uint32_t incarnation) {
    return database_->Write([&](meta::Tx& tx) { return what(tx, "shop", "t", incarnation); }).ok();
  };
  ASSERT_TRUE(set(Ledger::Gathered, 1));
  EXPECT_EQ(Only().gathered, 1u);
  ASSERT_TRUE(set(Ledger::Shown, 1));
  EXPECT_EQ(Only().gathered, 0u);
  Add("t");
  ASSERT_TRUE(set(Ledger::Gathered, 2));
  EXPECT_EQ(Only().shown, 1u);
  EXPECT_EQ(Only().gathered, 2u);
}

// The stream and who applies may both find that it has to be read anew.
TEST_F(LedgerTablesTest, IsReadAgainOnceForOneIncarnation) {
  Add("t");
  const CapturedTable found = Only();
  const auto again = [&](const CapturedTable& table) {
    return database_->Write([&](meta::Tx& tx) { return Ledger::ReadAgain(tx, "shop", table); })
        .ok();
  };
  ASSERT_TRUE(again(found));
  EXPECT_EQ(Only().incarnation, 2u);
  ASSERT_TRUE(Plan("t", 2, {{7, 0, std::nullopt}}).ok());
  ASSERT_TRUE(again(found));
  EXPECT_EQ(Only().incarnation, 2u);
  EXPECT_EQ(Only().state, TableState::kReading);
  ASSERT_TRUE(again(Only()));
  EXPECT_EQ(Only().incarnation, 3u);
}

// Version 1 put what was read into the replicas that are seen.
TEST_F(LedgerTablesTest, ATableThatWasHalfReadBeforeIsReadAnew) {
  ledger_.reset();
  database_.reset();
  const meta::DatabaseOptions options{.path = folder_ + "/old.db"};
  database_ = meta::Database::Open(options, Ledger::Migrations().first(1)).value();
  ASSERT_TRUE(database_
                  ->Write([](meta::Tx& tx) -> Result<void> {
                    for (const char* state : {"new", "reading", "read"})
                      TRY(
                          tx.Run("INSERT INTO capture_tables(source, folder, schema_, table_, oid, "
                                 "file_node, incarnation, state, rows_estimate) VALUES('shop', ?, "
                                 "'public', 't', 1, 1, 1, ?, 0)",
                                 state, state));
                    TRY(
                        tx.Run("INSERT INTO capture_chunks VALUES('shop', 'reading', 0, 1, 0, "
                               "NULL, 1)"));
                    return {};
                  })
                  .ok());
  database_.reset();
  database_ = meta::Database::Open(options, Ledger::Migrations()).value();
  ledger_ = std::make_unique<Ledger>(*database_);
  const auto tables = ledger_->TablesOf("shop").value();
  ASSERT_THAT(tables, SizeIs(3));
  EXPECT_EQ(tables[0].shown, 0u);  // new
  EXPECT_EQ(tables[1].shown, 1u);  // read
  EXPECT_EQ(tables[1].state, TableState::kRead);
  EXPECT_EQ(tables[2].state, TableState::kNew);
  EXPECT_EQ(tables[2].incarnation, 2u);
  EXPECT_EQ(tables[2].shown, 1u);
  EXPECT_EQ(tables[2].chunks, 0);
}

TEST_F(LedgerTablesTest, WithoutChunksThereIsNothingToRead) {
  Add("t");
  ASSERT_TRUE(Plan("t", 1, {}).ok());
  EXPECT_EQ(Only().state, TableState::kReading);
  ASSERT_TRUE(Done({"t", 1, {}, 0, 0, {1, 2, 3}}).ok());
  EXPECT_EQ(Only().state, TableState::kRead);
}

}  // namespace
}  // namespace caudal::capture
