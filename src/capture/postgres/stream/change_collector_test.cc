// A real server's transactions, landed.
#include "capture/postgres/stream/change_collector.h"

#include <gmock/gmock.h>

#include <map>

#include "capture/postgres/stream/replication_stream.h"
#include "capture/postgres/test_landing.h"

namespace caudal::capture::postgres {
namespace {

using caudal::postgres::Lsn;
using std::chrono::seconds;
using std::chrono::steady_clock;
using testing::ElementsAre;
using testing::SizeIs;

class ChangeCollectorTest : public LandedSourceTest {
 protected:
  void SetUp() override {
    LandedSourceTest::SetUp();
    MakeSlot();
  }

  // Operations, first columns and ordinals of a file's rows.
  std::vector<std::string> RowsIn(const LandedFile& file) {
    std::vector<std::string> rows;
    const Schema& schema = histories_.at(file.table);
    ForRows(file, schema, [&](const Batch& batch, int64_t row) {
      const Array& first = batch.column(0);
      rows.push_back(std::string(ColumnOf(batch, schema, "op").bytes(row)) + " " +
                     (first.IsNull(row) ? "-" : std::to_string(first.values<int32_t>()[row])) +
                     " " + std::to_string(PositionOf(batch, row).ordinal));
    });
    return rows;
  }
  void Remember(const std::string& table) {
    histories_[TableFolder("public", table)] = HistoryOf(table);
  }

  std::map<std::string, Schema> histories_;
};

TEST_F(ChangeCollectorTest, TransactionsOverTablesAreOneBatch) {
  Run("CREATE TABLE a (id int PRIMARY KEY); CREATE TABLE b (id int PRIMARY KEY, name text); "
      "CREATE TABLE other (id int PRIMARY KEY)");
  OpenStream();
  Run("BEGIN; INSERT INTO a VALUES (1); INSERT INTO other VALUES (1); INSERT INTO b VALUES (2, "
      "'x'); UPDATE a SET id = 3; COMMIT");
  Run("BEGIN; SAVEPOINT s; INSERT INTO a VALUES (7); ROLLBACK TO s; INSERT INTO a VALUES (8); "
      "TRUNCATE b, a; INSERT INTO b VALUES (9, 'y'); COMMIT");
  ChangeCollector collector = Collector();
  ASSERT_TRUE(Collect(collector, 2).ok());
  EXPECT_FALSE(collector.in_transaction());
  const Lsn end = collector.whole_up_to().value();
  const auto landed = collector.Land();
  ASSERT_TRUE(landed.ok()) << landed.error().message;
  ASSERT_TRUE(landed->has_value());
  const LandedBatch& batch = (*landed)->batch;
  ASSERT_THAT(batch.files, SizeIs(2));
  Remember("a");
  Remember("b");
  std::map<std::string, std::vector<std::string>> rows;
  for (const LandedFile& file : batch.files) rows[file.table] = RowsIn(file);
  EXPECT_THAT(rows["public.a"],
              ElementsAre("c 1 0", "u 3 3", "c 8 0", testing::AnyOf("t - 1", "t - 2")));
  EXPECT_THAT(rows["public.b"], ElementsAre("c 2 2", testing::AnyOf("t - 1", "t - 2"), "c 9 3"));
  EXPECT_EQ(batch.last.ordinal, 3u);
  EXPECT_TRUE(batch.committed_at);
  EXPECT_EQ(ledger_->ProgressOf("shop").value()->resume_at, end.value);
  EXPECT_EQ(collector.rows(), 0);
}

TEST_F(ChangeCollectorTest, WhatWasLandedIsPassedOverWhenItComesAgain) {
  Run("CREATE TABLE a (id int PRIMARY KEY)");
  OpenStream();
  Run("INSERT INTO a VALUES (1)");
  Run("INSERT INTO a VALUES (2)");
  Run("INSERT INTO a VALUES (3)");
  {
    ChangeCollector collector = Collector();
    ASSERT_TRUE(Collect(collector, 2).ok());
    ASSERT_TRUE(collector.Land().ok());
    // More came, and was not landed.
    ASSERT_TRUE(Collect(collector, 1).ok());
  }
  stream_.reset();
  OpenStream();
  ChangeCollector collector = Collector();
  ASSERT_TRUE(Collect(collector, 3).ok());
  const auto landed = collector.Land();
  ASSERT_TRUE(landed.ok()) << landed.error().message;
  Remember("a");
  ASSERT_THAT((*landed)->batch.files, SizeIs(1));
  EXPECT_THAT(RowsIn((*landed)->batch.files[0]), ElementsAre("c 3 0"));
  EXPECT_THAT(ledger_->BatchesOf("shop", 0, 10).value(), SizeIs(2));
}

TEST_F(ChangeCollectorTest, LargeTransactionsGoToFilesBeforeTheyEnd) {
  Run("CREATE TABLE a (id int PRIMARY KEY, pad text)");
  OpenStream();
  Run("INSERT INTO a SELECT i, repeat('x', 100) FROM generate_series(1, 20000) i");
  ChangeCollector collector = Collector(200'000);
  ASSERT_TRUE(Collect(collector, 1).ok());
  EXPECT_LE(collector.bytes(), 200'000u);
  EXPECT_EQ(collector.rows(), 20'000);
  EXPECT_THAT(ledger_->BatchesOf("shop", 0, 10).value(), SizeIs(0));
  const auto landed = collector.Land();
  ASSERT_TRUE(landed.ok()) << landed.error().message;
  int64_t rows = 0;
  for (const LandedFile& file : (*landed)->batch.files) rows += file.rows;
  EXPECT_EQ(rows, 20'000);
}

// Of a few hundred rows they are large enough.
class StreamedTest : public ChangeCollectorTest {
 protected:
  void SetUp() override {
    ChangeCollectorTest::SetUp();
    if (sql_->server_version() < 140000) GTEST_SKIP() << "transactions come at their ends";
    Run("ALTER DATABASE " + name_ + " SET logical_decoding_work_mem = '64kB'");
    Run("CREATE TABLE a (id int PRIMARY KEY, pad text); CREATE TABLE b (id int PRIMARY KEY)");
    OpenStream();
    other_ = Connection::Connect(source_.connection, Purpose::kNormal).value();
  }
  void TearDown() override {
    other_.reset();
    ChangeCollectorTest::TearDown();
  }

  // Takes what comes, until so much of transactions in progress has.
  void CollectInProgress(ChangeCollector& collector, uint64_t bytes) {
    while (collector.streamed_bytes() < bytes) {
      const auto message = stream_->Next(steady_clock::now() + seconds(20));
      ASSERT_TRUE(message.ok() && *message);
      ASSERT_TRUE(collector.Take(**message, stream_->bytes()).ok());
    }
  }
  std::vector<std::string> RowsOf(const LandedChanges& landed) {
    std::vector<std::string> rows;
    for (const LandedFile& file : landed.batch.files)
      for (std::string& row : RowsIn(file)) rows.push_back(std::move(row));
    return rows;
  }

  std::unique_ptr<Connection> other_;
};

TEST_F(StreamedTest, LargeTransactionsComeBeforeTheyEndAndLandBehindOthers) {
  Remember("a");
  Remember("b");
  ChangeCollector collector = Collector();
  Run("BEGIN; INSERT INTO a SELECT i, repeat('x', 100) FROM generate_series(1, 5000) i");
  CollectInProgress(collector, 400'000);
  EXPECT_FALSE(collector.in_transaction());
  EXPECT_FALSE(collector.whole_up_to());
  Ask(*other_, "INSERT INTO public.b VALUES (1)");
  ASSERT_TRUE(Collect(collector, 1).ok());
  const auto first = collector.Land().value().value();
  EXPECT_THAT(RowsOf(first), ElementsAre("c 1 0"));
  EXPECT_GT(collector.streamed_bytes(), 400'000u);

  Run("SAVEPOINT s; INSERT INTO a SELECT i, repeat('y', 100) FROM generate_series(5001, 9000) i; "
      "ROLLBACK TO s; DELETE FROM a WHERE id = 1; COMMIT");
  ASSERT_TRUE(Collect(collector, 1).ok());
  EXPECT_EQ(collector.streamed_bytes(), 0u);
  const auto second = collector.Land().value().value();
  EXPECT_LT(first.batch.last, second.batch.first);
  EXPECT_TRUE(second.batch.committed_at);
  const auto rows = RowsOf(second);
  ASSERT_THAT(rows, SizeIs(5001));
  for (int i = 0; i < 5000; ++i)
    ASSERT_EQ(rows[static_cast<size_t>(i)], "c " + std::to_string(i + 1) + " " + std::to_string(i));
  EXPECT_EQ(rows.back(), "d 1 5000");
  EXPECT_EQ(second.batch.last.ordinal, 5000u);
}

TEST_F(StreamedTest, OneThatWasLandedIsPassedOverAndOneInProgressComesAgain) {
  Remember("a");
  {
    ChangeCollector collector = Collector();
    Ask(*other_,
        "BEGIN; INSERT INTO public.a SELECT i, repeat('x', 100) FROM "
        "generate_series(100001, 103000) i");
    Run("INSERT INTO a SELECT i, repeat('x', 100) FROM generate_series(1, 2000) i");
    CollectInProgress(collector, 200'000);
    ASSERT_TRUE(Collect(collector, 1).ok());
    ASSERT_TRUE(collector.Land().value());
  }
  stream_.reset();
  OpenStream();
  ChangeCollector collector = Collector();
  Ask(*other_, "COMMIT");
  ASSERT_TRUE(Collect(collector, 2).ok());
  const auto landed = collector.Land().value().value();
  EXPECT_THAT(RowsOf(landed), SizeIs(3000));
  EXPECT_EQ(landed.batch.first.ordinal, 0u);
}

TEST_F(ChangeCollectorTest, NothingForUsIsNoBatch) {
  Run("CREATE TABLE other (id int PRIMARY KEY)");
  OpenStream();
  Run("INSERT INTO other VALUES (1)");
  ChangeCollector collector = Collector();
  ASSERT_TRUE(Collect(collector, 1).ok());
  EXPECT_TRUE(collector.whole_up_to());
  EXPECT_FALSE(collector.Land().value());
  EXPECT_FALSE(collector.whole_up_to());
  EXPECT_THAT(ledger_->BatchesOf("shop", 0, 10).value(), SizeIs(0));
}

TEST_F(ChangeCollectorTest, ColumnsThatChangeInATransaction) {
  Run("CREATE TABLE a (id int PRIMARY KEY, x int)");
  OpenStream();
  Run("INSERT INTO a VALUES (1, 1)");
  Run("ALTER TABLE a ADD y int");
  Run("INSERT INTO a VALUES (2, 2, 2)");
  ChangeCollector collector = Collector();
  // The table as it is now isn't that of the first transaction, whose row hasn't the column.
  ASSERT_TRUE(Collect(collector, 2).ok());
  const auto landed = collector.Land().value();
  ASSERT_TRUE(landed);
  Remember("a");
  std::vector<std::string> rows;
  for (const LandedFile& file : landed->batch.files)
    for (std::string& row : RowsIn(file)) rows.push_back(std::move(row));
  EXPECT_THAT(rows, ElementsAre("c 1 0", "c 2 0"));
}

}  // namespace
}  // namespace caudal::capture::postgres
