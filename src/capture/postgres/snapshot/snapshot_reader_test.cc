// A real server's tables, read as of a snapshot and landed.
#include "capture/postgres/snapshot/snapshot_reader.h"

#include <gmock/gmock.h>

#include <map>
#include <set>
#include <thread>

#include "base/failpoint.h"
#include "capture/postgres/slot.h"
#include "capture/postgres/snapshot/snapshot_sql.h"
#include "capture/postgres/test_landing.h"
#include "codec/postgres/test_values.h"

namespace caudal::capture::postgres {
namespace {

using caudal::postgres::Show;
using std::chrono::seconds;
using std::chrono::steady_clock;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;
using testing::UnorderedElementsAre;

class SnapshotReaderTest : public LandedSourceTest {
 protected:
  void TearDown() override {
    DisarmFailpoints();
    replication_.reset();
    LandedSourceTest::TearDown();
  }
  // Before version 14 a table is one chunk.
  bool has_ranges() { return sql_->server_version() >= 140000; }

  // The source as it is now.
  SnapshotPoint TakeSnapshot() {
    replication_ = Connection::Connect(source_.connection, Purpose::kReplication).value();
    const CreatedSlot slot = CreateSlot(*replication_, name_ + "_" + SystemRandom().Hex(3), true,
                                        steady_clock::now() + seconds(60))
                                 .value();
    return {slot.snapshot, epoch_, slot.consistent_point};
  }
  // The source's tables into the ledger, each in chunks.
  void Plan(uint64_t chunk_rows = 500'000) {
    source_.snapshot.chunk_rows = chunk_rows;
    const SourceCatalog catalog = ReadCatalog(*sql_, source_).value();
    const auto plans = PlanChunksOf(*sql_, catalog.tables, source_.snapshot).value();
    const auto planned = database_->Write([&](meta::Tx& tx) -> Result<void> {
      for (size_t i = 0; i < plans.size(); ++i) {
        CapturedTable table;
        table.folder = TableFolder(catalog.tables[i].schema, catalog.tables[i].name);
        table.oid = catalog.tables[i].oid;
        const uint32_t incarnation = TRY(Ledger::AddTable(tx, "shop", table));
        TRY(Ledger::PlanChunks(tx, "shop", table.folder, incarnation, plans[i], 1));
      }
      return {};
    });
    ASSERT_TRUE(planned.ok()) << planned.error().message;
  }
  // What the ledger says is left to read.
  std::vector<SnapshotTable> Left(bool fresh = true) {
    const SourceCatalog catalog = ReadCatalog(*sql_, source_).value();
    std::vector<SnapshotTable> left;
    for (const CapturedTable& table : ledger_->TablesOf("shop").value()) {
      if (table.state == TableState::kRead) continue;
      const SourceTable* found = catalog.Find(table.oid);
      SnapshotTable& one = left.emplace_back();
      one.table = *found;
      one.bound = Bound(*found, table.incarnation);
      one.bound.landed.fresh = fresh;
      one.chunks = ledger_->ChunksOf("shop", table.folder).value();
    }
    return left;
  }
  Result<std::unique_ptr<SnapshotReader>> Start(const SnapshotPoint& point, bool fresh = true) {
    return SnapshotReader::Start({source_, batch_bytes_, memory_}, point, *landing_, *ledger_,
                                 Left(fresh));
  }
  Result<void> Read(const SnapshotPoint& point, bool fresh = true) {
    const std::unique_ptr<SnapshotReader> reader = TRY(Start(point, fresh));
    TRY(reader->Run([&](const LandedChanges& landed) { told_.push_back(landed.batch); }));
    progress_ = reader->progress();
    return {};
  }
  static std::string Why(const Result<void>& result) {
    return result.ok() ? "" : result.error().message;
  }

  // All rows of a table that were landed: the source's columns, separated by '|'. Positions are
  // ascending in each file, and over all of them no two are the same.
  std::vector<std::string> Landed(const std::string& table, const std::string& schema = "public") {
    const SourceCatalog catalog = ReadCatalog(*sql_, source_).value();
    const auto found = std::ranges::find_if(catalog.tables, [&](const SourceTable& one) {
      return one.schema == schema && one.name == table;
    });
    const BoundTable bound = Bound(*found);
    const Schema& history = bound.landed.history;
    std::vector<std::string> rows;
    std::set<std::string> positions;
    for (const LandedBatch& batch : Batches())
      for (const LandedFile& file : batch.files) {
        if (file.table != bound.landed.folder) continue;
        Position last;
        int64_t count = 0;
        ForRows(file, history, [&](const Batch& read, int64_t row) {
          std::string text;
          for (size_t i = 0; i < bound.columns.size(); ++i)
            text += (i == 0 ? "" : "|") + Show(read.column(i), row);
          rows.push_back(text);
          EXPECT_EQ(ColumnOf(read, history, "op").bytes(row), "r");
          const Position position = PositionOf(read, row);
          EXPECT_TRUE(count == 0 ? position == file.first : last < position);
          EXPECT_TRUE(positions.insert(position.Text()).second);
          last = position;
          ++count;
        });
        EXPECT_EQ(last, file.last);
        EXPECT_EQ(count, file.rows);
      }
    return rows;
  }
  CapturedTable TableNow(const std::string& name) {
    const auto tables = ledger_->TablesOf("shop").value();
    return *std::ranges::find(tables, "public." + name, &CapturedTable::folder);
  }
  static std::vector<std::string> Numbers(int from, int to) {
    std::vector<std::string> numbers;
    for (int i = from; i <= to; ++i) numbers.push_back(std::to_string(i));
    return numbers;
  }

  std::unique_ptr<Connection> replication_;  // its snapshot lives as long as it does
  uint64_t batch_bytes_ = 256u << 20;
  uint64_t memory_ = 64u << 20;
  std::vector<LandedBatch> told_;  // by Run
  SnapshotProgress progress_;
};

TEST_F(SnapshotReaderTest, RowsAsOfTheSnapshotOverAnyNumberOfConnections) {
  Run("CREATE TABLE t (id int PRIMARY KEY, pad text)");
  Run("INSERT INTO t SELECT i, repeat('x', 200) FROM generate_series(1, 5000) i");
  for (const int connections : {1, 2, 4}) {
    source_.snapshot.connections = connections;
    const SnapshotPoint point = TakeSnapshot();
    Plan(300);
    // What happens behind it isn't seen: rows move to other blocks, come and go.
    Run("UPDATE t SET pad = 'changed' WHERE id % 3 = 0; DELETE FROM t WHERE id % 3 = 1; INSERT "
        "INTO t SELECT i, 'new' FROM generate_series(10001, 12000) i");
    const auto before = Batches().size();
    const auto done = Read(point);
    ASSERT_TRUE(done.ok()) << done.error().message;
    ASSERT_THAT(Batches(), SizeIs(before + 1));
    const LandedBatch batch = Batches().back();
    EXPECT_EQ(batch.first, SnapshotPosition(point, 0));
    EXPECT_EQ(batch.last, SnapshotPosition(point, 4999));
    EXPECT_EQ(ledger_->ProgressOf("shop").value()->resume_at, point.at.value);
    const CapturedTable table = TableNow("t");
    EXPECT_EQ(table.state, TableState::kRead);
    EXPECT_EQ(table.rows_read, 5000);
    EXPECT_EQ(table.read_at, batch.last);
    if (has_ranges()) EXPECT_GT(progress_.chunks, 10);
    EXPECT_EQ(progress_.chunks_read, progress_.chunks);
    EXPECT_EQ(progress_.rows, 5000);
    EXPECT_EQ(progress_.left, seconds(0));

    const Schema history = HistoryOf("t");
    std::set<int> ids;
    for (const LandedFile& file : batch.files) {
      EXPECT_TRUE(file.fresh);
      ForRows(file, history, [&](const Batch& rows, int64_t row) {
        EXPECT_TRUE(ids.insert(rows.column(0).values<int32_t>()[row]).second);
        EXPECT_EQ(rows.column(1).bytes(row).size(), 200u);
      });
    }
    EXPECT_EQ(ids.size(), 5000u);
    Run("TRUNCATE t; INSERT INTO t SELECT i, repeat('y', 200) FROM generate_series(1, 5000) i");
  }
}

TEST_F(SnapshotReaderTest, PartitionsAreReadEachByItsOwnBlocks) {
  Run("CREATE TABLE t (id int, name text, PRIMARY KEY (id)) PARTITION BY RANGE (id)");
  Run("CREATE TABLE p1 PARTITION OF t FOR VALUES FROM (0) TO (1000)");
  // Its columns are in another order.
  Run("CREATE TABLE p2 (gone int, name text, id int NOT NULL); ALTER TABLE p2 DROP gone; ALTER "
      "TABLE t ATTACH PARTITION p2 FOR VALUES FROM (1000) TO (2000)");
  Run("CREATE TABLE p3 PARTITION OF t FOR VALUES FROM (2000) TO (9000) PARTITION BY RANGE (id)");
  Run("CREATE TABLE p31 PARTITION OF p3 FOR VALUES FROM (2000) TO (5000)");
  Run("INSERT INTO t SELECT i, 'n' || i FROM generate_series(1, 3000) i");
  Run("CREATE TABLE none (id int PRIMARY KEY) PARTITION BY RANGE (id)");
  const SnapshotPoint point = TakeSnapshot();
  Plan(100);
  const auto done = Read(point);
  ASSERT_TRUE(done.ok()) << done.error().message;
  const std::vector<std::string> rows = Landed("t");
  ASSERT_THAT(rows, SizeIs(3000));
  std::set<std::string> expected;
  for (int i = 1; i <= 3000; ++i)
    expected.insert(std::to_string(i) + "|'n" + std::to_string(i) + "'");
  EXPECT_EQ(std::set<std::string>(rows.begin(), rows.end()), expected);
  EXPECT_EQ(TableNow("none").state, TableState::kRead);
}

TEST_F(SnapshotReaderTest, TablesWithoutRowsOrColumns) {
  Run("CREATE TABLE empty (id int PRIMARY KEY)");
  SnapshotPoint point = TakeSnapshot();
  Plan();
  ASSERT_TRUE(Read(point).ok());
  // One that has no file tells that all of it is there.
  ASSERT_THAT(Batches(), SizeIs(1));
  EXPECT_THAT(Batches()[0].files, IsEmpty());
  EXPECT_EQ(TableNow("empty").state, TableState::kRead);
  EXPECT_EQ(ledger_->ProgressOf("shop").value()->resume_at, point.at.value);

  Run("CREATE TABLE bare (); INSERT INTO bare DEFAULT VALUES; INSERT INTO bare DEFAULT VALUES");
  point = TakeSnapshot();
  Plan();
  const auto done = Read(point);
  ASSERT_TRUE(done.ok()) << done.error().message;
  EXPECT_THAT(Landed("bare"), ElementsAre("", ""));
  // Nothing is left to be read.
  ASSERT_TRUE(Read(point).ok());
  EXPECT_THAT(Batches(), SizeIs(2));
}

TEST_F(SnapshotReaderTest, AnyNamesAndAnyText) {
  source_.tables.push_back(TablePattern::Parse("\"Odd \"\" Schema\".*").value());
  Run(R"(CREATE SCHEMA "Odd "" Schema")");
  Run(R"(CREATE TABLE "Odd "" Schema"."T 1 ' \ %" (" " int PRIMARY KEY, "select" text, "a""b" text, )"
      R"("🦦" text, "twice" int GENERATED ALWAYS AS (" " * 2) STORED))");
  Run(R"(INSERT INTO "Odd "" Schema"."T 1 ' \ %" VALUES (1, E'a\tb\nc\\d\r', '\N', NULL), )"
      R"((2, '', E'\\.', 'ñ漢'))");
  const SnapshotPoint point = TakeSnapshot();
  Plan();
  const auto done = Read(point);
  ASSERT_TRUE(done.ok()) << done.error().message;
  EXPECT_THAT(Landed("T 1 ' \\ %", "Odd \" Schema"),
              ElementsAre("1|'a\tb\nc\\d\r'|'\\N'|null", "2|''|'\\.'|'ñ漢'"));
}

TEST_F(SnapshotReaderTest, ATableThatGrewAfterItWasPlanned) {
  Run("CREATE TABLE t (id int PRIMARY KEY)");
  Run("INSERT INTO t SELECT generate_series(1, 1000)");
  Plan(500);
  Run("INSERT INTO t SELECT generate_series(1001, 9000)");
  ASSERT_TRUE(Read(TakeSnapshot()).ok());
  EXPECT_THAT(Landed("t"), testing::UnorderedElementsAreArray(Numbers(1, 9000)));
}

TEST_F(SnapshotReaderTest, RowsThatAreFilteredAndColumnsThatAreLeftOut) {
  Run("CREATE TABLE t (id int PRIMARY KEY, secret text, name text)");
  Run("INSERT INTO t SELECT i, 's', 'n' FROM generate_series(1, 1000) i");
  source_.filters = {{TablePattern::Parse("t").value(), "id > 990 OR id = 1 -- the rest is old"}};
  source_.columns_exclude = {ColumnPattern::Parse("public.t.secret").value()};
  const SnapshotPoint point = TakeSnapshot();
  Plan(100);
  const auto done = Read(point);
  ASSERT_TRUE(done.ok()) << done.error().message;
  EXPECT_THAT(Landed("t"), SizeIs(11));
  EXPECT_THAT(Landed("t"), testing::Contains("1|'n'"));
}

TEST_F(SnapshotReaderTest, LargeValuesAndSmallBatches) {
  Run("CREATE TABLE t (id int PRIMARY KEY, long text)");
  Run("ALTER TABLE t ALTER long SET STORAGE EXTERNAL");
  Run("INSERT INTO t SELECT i, repeat(chr(64 + i), 3000000) FROM generate_series(1, 12) i");
  batch_bytes_ = 10'000'000;
  memory_ = 4'000'000;
  source_.snapshot.connections = 1;
  const SnapshotPoint point = TakeSnapshot();
  // A chunk is bounded by what is stored, not only by rows.
  Plan();
  const auto done = Read(point);
  ASSERT_TRUE(done.ok()) << done.error().message;
  const std::vector<std::string> rows = Landed("t");
  ASSERT_THAT(rows, SizeIs(12));
  for (const std::string& row : rows) EXPECT_GT(row.size(), 3'000'000u);

  Run("CREATE TABLE u (id int PRIMARY KEY, pad text)");
  Run("INSERT INTO u SELECT i, repeat('x', 1000) FROM generate_series(1, 2000) i");
  batch_bytes_ = 100'000;
  const auto before = Batches().size();
  const SnapshotPoint second = TakeSnapshot();
  Plan(70);
  ASSERT_TRUE(Read(second).ok());
  if (has_ranges()) EXPECT_GT(Batches().size(), before + 10);
  EXPECT_THAT(Landed("u"), SizeIs(2000));
  EXPECT_EQ(told_, Batches());
}

TEST_F(SnapshotReaderTest, WhatIsLandedIsntReadAgainAfterADeath) {
  if (!has_ranges()) GTEST_SKIP() << "a table is one chunk";
  Run("CREATE TABLE t (id int PRIMARY KEY, pad text)");
  Run("INSERT INTO t SELECT i, repeat('x', 500) FROM generate_series(1, 3000) i");
  Run("CREATE TABLE u (id int PRIMARY KEY)");
  Run("INSERT INTO u SELECT generate_series(1, 10)");
  batch_bytes_ = 100'000;
  Plan(100);
  SnapshotPoint point = TakeSnapshot();
  std::optional<Position> second;  // after the first death
  int deaths = 0;
  for (int round = 0; round < 200; ++round) {
    // Each time at another step.
    const char* step = round % 3 == 0 ? "capture.snapshot.chunk" : "capture.snapshot.landed";
    if (round % 3 == 1) step = "capture.landing.written";
    ASSERT_TRUE(ArmFailpoints(std::string(step) + "=error:0.3", 7 + round).ok());
    const auto done = Read(point, round == 0);
    DisarmFailpoints();
    if (done.ok()) break;
    EXPECT_TRUE(done.error().Is(ErrorKind::kUnavailable)) << done.error().message;
    ++deaths;
    // The exported one has died with its connection.
    point = TakeSnapshot();
    if (!second) second = SnapshotPosition(point, 0);
  }
  EXPECT_GT(deaths, 2);
  EXPECT_EQ(TableNow("t").state, TableState::kRead);
  EXPECT_EQ(TableNow("t").rows_read, 3000);
  std::set<std::string> ids;
  for (const std::string& row : Landed("t"))
    EXPECT_TRUE(ids.insert(row.substr(0, row.find('|'))).second) << row.substr(0, 5);
  EXPECT_EQ(ids.size(), 3000u);
  for (const LandedBatch& batch : Batches())
    for (const LandedFile& file : batch.files) EXPECT_EQ(file.fresh, batch.first < second);
  EXPECT_THAT(Landed("u"), testing::UnorderedElementsAreArray(Numbers(1, 10)));
}

TEST_F(SnapshotReaderTest, ValuesThatColumnsDontHoldAreBesideThem) {
  Run("CREATE TABLE t (id int PRIMARY KEY, n numeric(9, 2), pad text)");
  Run("INSERT INTO t SELECT i, CASE WHEN i = 500 THEN 'NaN'::numeric ELSE i END, repeat('x', 1000) "
      "FROM "
      "generate_series(1, 20000) i");
  const SnapshotPoint point = TakeSnapshot();
  Plan(1000);
  const auto done = Read(point);
  ASSERT_TRUE(done.ok()) << done.error().message;
  // Only some of the rows need a file with more columns.
  const std::vector<LandedFile> files = Batches().at(0).files;
  ASSERT_THAT(files, SizeIs(2));
  EXPECT_THAT(Landed("t"), SizeIs(20000));
  const Schema history = HistoryOf("t");
  std::vector<std::string> found;
  for (const LandedFile& file : files)
    ForRows(file, history, [&](const Batch& rows, int64_t row) {
      const Array& lost = rows.columns().back().children()[2];
      if (lost.IsNull(row) || lost.offsets()[row] == lost.offsets()[row + 1]) return;
      found.push_back(Show(rows.column(0), row) + " " + Show(rows.column(1), row) + " " +
                      Show(lost, row));
    });
  EXPECT_THAT(found, ElementsAre("500 null [{'n','NaN'}]"));
}

TEST_F(SnapshotReaderTest, TheSameSnapshotGoneOnWith) {
  Run("CREATE TABLE t (id int PRIMARY KEY, pad text)");
  Run("INSERT INTO t SELECT i, repeat('x', 500) FROM generate_series(1, 1000) i");
  batch_bytes_ = 100'000;
  Plan(100);
  const SnapshotPoint point = TakeSnapshot();
  ASSERT_TRUE(ArmFailpoints("capture.snapshot.landed=error").ok());
  EXPECT_FALSE(Read(point).ok());
  DisarmFailpoints();
  const auto done = Read(point);
  ASSERT_TRUE(done.ok()) << done.error().message;
  EXPECT_THAT(Landed("t"), SizeIs(1000));
  EXPECT_EQ(Batches().back().last, SnapshotPosition(point, 999));
}

TEST_F(SnapshotReaderTest, MoreIsLandedThanTheSnapshotHas) {
  Run("CREATE TABLE t (id int PRIMARY KEY); INSERT INTO t VALUES (1)");
  const SnapshotPoint first = TakeSnapshot();
  const auto keep = std::move(replication_);
  Plan();
  ASSERT_TRUE(Read(TakeSnapshot()).ok());
  Plan();
  EXPECT_EQ(Start(first).error().code, "ledger.behind");
}

TEST_F(SnapshotReaderTest, ASnapshotThatIsGone) {
  Run("CREATE TABLE t (id int PRIMARY KEY)");
  Plan();
  SnapshotPoint point = TakeSnapshot();
  replication_.reset();
  // Its session is told to end, and does so when it gets to it.
  const auto deadline = steady_clock::now() + seconds(60);
  while (One("SELECT count(*) FROM pg_replication_slots WHERE temporary AND database = "
             "current_database()") != "0")
    ASSERT_LT(steady_clock::now(), deadline);
  auto started = Start(point);
  ASSERT_FALSE(started.ok());
  EXPECT_EQ(started.error().code, "postgres.no_snapshot");
  EXPECT_TRUE(started.error().Is(ErrorKind::kNotFound));
  point.snapshot = "no/such'thing";
  EXPECT_EQ(Start(point).error().code, "postgres.no_snapshot");
}

TEST_F(SnapshotReaderTest, ATableThatWasRewrittenUnderTheSnapshot) {
  for (const char* change : {"ALTER TABLE t ALTER id TYPE bigint", "TRUNCATE t",
                             "DROP TABLE t; CREATE TABLE t (id int PRIMARY KEY)"}) {
    Run("DROP TABLE IF EXISTS t; CREATE TABLE t (id int PRIMARY KEY); INSERT INTO t VALUES (1)");
    Plan();
    const auto tables = Left();
    const SnapshotPoint point = TakeSnapshot();
    Run(change);
    auto reader = SnapshotReader::Start({source_}, point, *landing_, *ledger_, tables);
    ASSERT_TRUE(reader.ok()) << reader.error().message;
    const auto done = (*reader)->Run();
    ASSERT_FALSE(done.ok()) << change;
    EXPECT_EQ(done.error().code, "postgres.rewritten") << done.error().message;
    EXPECT_EQ(TableNow("t").state, TableState::kReading);
  }
  EXPECT_THAT(Batches(), IsEmpty());
}

TEST_F(SnapshotReaderTest, RowsThatAPolicyHidesAreAnError) {
  const std::string role = "r" + name_;
  Run("CREATE TABLE t (id int PRIMARY KEY); INSERT INTO t VALUES (1); ALTER TABLE t ENABLE ROW "
      "LEVEL SECURITY; CREATE ROLE " +
      role + " LOGIN; GRANT SELECT ON t TO " + role);
  Plan();
  const SnapshotPoint point = TakeSnapshot();
  source_.connection.user = role;
  const auto done = Read(point);
  ASSERT_FALSE(done.ok());
  EXPECT_TRUE(done.error().Is(ErrorKind::kDenied)) << done.error().message;
  Run("DROP OWNED BY " + role + "; DROP ROLE " + role);
}

TEST_F(SnapshotReaderTest, AConnectionThatIsLostCanBeTriedAgain) {
  Run("CREATE TABLE t (id int PRIMARY KEY)");
  Plan();
  auto reader = Start(TakeSnapshot());
  ASSERT_TRUE(reader.ok());
  EndSessions(*sql_,
              "application_name = 'caudal' AND datname = current_database() AND pid <> "
              "pg_backend_pid() AND backend_type = 'client backend'");
  const auto done = (*reader)->Run();
  ASSERT_FALSE(done.ok());
  EXPECT_TRUE(done.error().Is(ErrorKind::kUnavailable)) << done.error().message;
}

TEST_F(SnapshotReaderTest, StoppedByAnotherThread) {
  Run("CREATE TABLE t (id int PRIMARY KEY); INSERT INTO t SELECT generate_series(1, 1000)");
  // Nothing would ever come of it.
  source_.filters = {{TablePattern::Parse("t").value(), "pg_sleep(1000) IS NULL"}};
  Plan();
  auto reader = Start(TakeSnapshot()).value();
  Result<void> done;
  std::jthread run([&] { done = reader->Run(); });
  const auto deadline = steady_clock::now() + seconds(60);
  const std::string waits =
      "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep' AND datname = "
      "current_database()";
  while (One(waits) != "1") ASSERT_LT(steady_clock::now(), deadline);
  reader->Cancel();
  run.join();
  ASSERT_FALSE(done.ok());
  EXPECT_TRUE(done.error().Is(ErrorKind::kCancelled)) << done.error().message;
  // The source's work ends too.
  while (One(waits) != "0") ASSERT_LT(steady_clock::now(), deadline);
}

TEST_F(SnapshotReaderTest, NoFasterThanItMay) {
  Run("CREATE TABLE t (id int PRIMARY KEY); INSERT INTO t SELECT generate_series(1, 700)");
  source_.snapshot.rows_per_second = 2000;
  Plan(100);
  auto reader = Start(TakeSnapshot()).value();
  const auto began = steady_clock::now();
  ASSERT_TRUE(reader->Run().ok());
  // Of a bucket of 200.
  EXPECT_GE(steady_clock::now() - began, std::chrono::milliseconds(240));
  EXPECT_THAT(Landed("t"), SizeIs(700));
}

TEST(SnapshotPositionTest, BeforeEveryCommitThatTheSnapshotDoesntHave) {
  const SnapshotPoint point{"", 3, {0x200}};
  EXPECT_LT(SnapshotPosition(point, Position::kOrdinalMax), (Position{3, 0x200, 0}));
  EXPECT_GT(SnapshotPosition(point, 0), (Position{3, 0x1f8, Position::kOrdinalMax}));
}

TEST(RateLimitTest, SoManyASecond) {
  const RateLimit::Time start{};
  const auto at = [&](int millis) { return start + std::chrono::milliseconds(millis); };
  RateLimit limit(1000, start);
  EXPECT_EQ(limit.Left(start), 100u);
  limit.Take(100);
  EXPECT_EQ(limit.Left(start), 0u);
  EXPECT_EQ(limit.Wait(), std::chrono::milliseconds(1));
  EXPECT_EQ(limit.Left(at(50)), 50u);
  EXPECT_EQ(limit.Left(at(40)), 50u) << "time that goes back changes nothing";
  EXPECT_EQ(limit.Left(at(10'000)), 100u);
  RateLimit slow(1, start);
  slow.Take(slow.Left(start));
  EXPECT_EQ(slow.Wait(), std::chrono::milliseconds(1000));
  RateLimit none(0, start);
  none.Take(1'000'000);
  EXPECT_EQ(none.Left(start), UINT64_MAX);
  EXPECT_EQ(none.Wait(), std::chrono::milliseconds(0));
}

}  // namespace
}  // namespace caudal::capture::postgres
