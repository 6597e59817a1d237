#include "capture/postgres/slot.h"

#include <gtest/gtest.h>

#include "base/failpoint.h"
#include "capture/postgres/publication.h"
#include "capture/postgres/test_database.h"

namespace caudal::capture::postgres {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using std::chrono::steady_clock;

class SlotTest : public DatabaseTest {
 protected:
  void SetUp() override {
    DatabaseTest::SetUp();
    stream_ = Connection::Connect(Options(), Purpose::kReplication).value();
  }
  void TearDown() override {
    stream_.reset();
    DatabaseTest::TearDown();
  }
  Result<CreatedSlot> Create(bool temporary = false) {
    return CreateSlot(*stream_, slot_, temporary, steady_clock::now() + seconds(240));
  }
  Result<PublicationState> Ensure(const SourceOptions& options) {
    const auto connection = Connection::Connect(Options(), Purpose::kNormal).value();
    const SourceCatalog catalog = TRY(ReadCatalog(*connection, options));
    return EnsurePublication(*connection, options, catalog);
  }

  std::unique_ptr<Connection> stream_;
};

TEST_F(SlotTest, TheServerSaysWhichItIs) {
  const SystemIdentity identity = IdentifySystem(*stream_).value();
  EXPECT_EQ(identity.system_id, One("SELECT system_identifier FROM pg_control_system()"));
  EXPECT_EQ(identity.timeline, 1u);
  EXPECT_TRUE(identity.position.valid());
}

TEST_F(SlotTest, TheExportedSnapshotIsWhatTheSlotBeginsAfter) {
  Run("CREATE TABLE t (i int PRIMARY KEY); INSERT INTO t VALUES (1)");
  const CreatedSlot slot = Create().value();
  EXPECT_TRUE(slot.consistent_point.valid());
  Run("INSERT INTO t VALUES (2)");
  const auto reader = Connection::Connect(Options(), Purpose::kNormal).value();
  ASSERT_TRUE(reader->Query("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY").ok());
  ASSERT_TRUE(reader->Query("SET TRANSACTION SNAPSHOT " + QuoteText(slot.snapshot)).ok());
  EXPECT_EQ(reader->Query("SELECT count(*) FROM public.t")->Int(0, 0), 1);

  const SlotState state = ReadSlot(*connection_, slot_).value().value();
  EXPECT_EQ(state.plugin, "pgoutput");
  EXPECT_EQ(state.database, database_);
  EXPECT_FALSE(state.temporary);
  EXPECT_EQ(state.active_pid, 0);
  EXPECT_EQ(state.confirmed, slot.consistent_point);
  EXPECT_TRUE(state.restart.valid());
  EXPECT_EQ(state.wal_status, connection_->server_version() >= 130000 ? "reserved" : "");
  EXPECT_GT(state.retained_bytes, 0u);
}

TEST_F(SlotTest, ExistsOnceAndCanBeDropped) {
  EXPECT_FALSE(ReadSlot(*connection_, slot_)->has_value());
  ASSERT_TRUE(Create().ok());
  EXPECT_TRUE(Create().error().Is(ErrorKind::kAlreadyExists));
  EXPECT_TRUE(DropSlot(*connection_, slot_).ok());
  EXPECT_FALSE(ReadSlot(*connection_, slot_)->has_value());
  EXPECT_TRUE(DropSlot(*connection_, slot_).ok()) << "again";
}

TEST_F(SlotTest, OneThatIsReadIsNotDropped) {
  ASSERT_TRUE(Create().ok());
  Run("CREATE PUBLICATION p FOR ALL TABLES");
  ASSERT_TRUE(stream_
                  ->StartCopy("START_REPLICATION SLOT " + slot_ +
                              " LOGICAL 0/0 (proto_version '1', publication_names 'p')")
                  .ok());
  EXPECT_EQ(ReadSlot(*connection_, slot_).value()->active_pid, stream_->server_pid());
  EXPECT_TRUE(DropSlot(*connection_, slot_).error().Is(ErrorKind::kUnavailable));
}

TEST_F(SlotTest, ATemporaryOneGoesWithItsConnection) {
  ASSERT_TRUE(Create(true).ok());
  EXPECT_TRUE(ReadSlot(*connection_, slot_).value()->temporary);
  stream_.reset();
  while (ReadSlot(*connection_, slot_)->has_value()) {
    // The server notices in its own time.
  }
}

TEST_F(SlotTest, WaitsForRunningTransactionsNoLongerThanAllowed) {
  Run("CREATE TABLE t (i int)");
  Run("BEGIN; INSERT INTO t VALUES (1)");
  const auto late = CreateSlot(*stream_, slot_, false, steady_clock::now() + milliseconds(300));
  ASSERT_FALSE(late.ok());
  EXPECT_TRUE(late.error().Is(ErrorKind::kTimeout)) << late.error().message;
  EXPECT_FALSE(ReadSlot(*admin_, slot_)->has_value()) << "nothing is left of it";
  Run("COMMIT");
  EXPECT_TRUE(Create().ok());
}

#if defined(CAUDAL_FAILPOINTS)
TEST_F(SlotTest, ALostAnswerLeavesASlotThatIsFoundAgain) {
  ASSERT_TRUE(ArmFailpoints("capture.postgres.slot.created=error").ok());
  EXPECT_FALSE(Create().ok());
  DisarmFailpoints();
  EXPECT_TRUE(ReadSlot(*connection_, slot_)->has_value());
  EXPECT_TRUE(Create().error().Is(ErrorKind::kAlreadyExists));
}
#endif

TEST_F(SlotTest, APublicationIsMadeWithWhatIsTaken) {
  Run(R"(CREATE TABLE a (id int PRIMARY KEY, b int, "C d" text, g int GENERATED ALWAYS AS (b) STORED);
         CREATE TABLE other (id int PRIMARY KEY);
         CREATE TABLE r (i int PRIMARY KEY) PARTITION BY RANGE (i);
         CREATE TABLE r_1 PARTITION OF r FOR VALUES FROM (0) TO (10);)");
  SourceOptions options = Source({"a", "r"});
  options.columns_exclude.push_back(ColumnPattern::Parse("a.b").value());
  options.filters.push_back({TablePattern::Parse("a").value(), "id > 0"});
  const bool via_root = connection_->server_version() >= 130000;
  const bool lists = connection_->server_version() >= 150000;
  const Result<PublicationState> made = Ensure(options);
  ASSERT_TRUE(made.ok()) << made.error().message;
  EXPECT_TRUE(made->inserts && made->updates && made->deletes && made->truncates);
  EXPECT_EQ(made->via_root, via_root);
  EXPECT_EQ(made->tables.size(), 2u);
  const PublishedTable& a = made->tables.at({"public", "a"});
  EXPECT_EQ(a.columns,
            lists ? (std::vector<std::string>{"id", "C d"}) : std::vector<std::string>());
  EXPECT_EQ(a.filter, lists ? "(id > 0)" : "");
  EXPECT_TRUE(made->tables.contains({"public", via_root ? "r" : "r_1"}));
  EXPECT_TRUE(Ensure(options).ok()) << "it is used as it is";
}

TEST_F(SlotTest, APublicationThatLacksSomethingIsRefusedWithTheSql) {
  Run("CREATE TABLE a (id int PRIMARY KEY); CREATE TABLE b (id int PRIMARY KEY); CREATE "
      "PUBLICATION " +
      slot_ + " FOR TABLE a WITH (publish = 'insert')");
  const auto remedy = [&] {
    const Result<PublicationState> state = Ensure(Source({"public.*"}));
    EXPECT_FALSE(state.ok());
    if (state.ok()) return std::string();
    EXPECT_TRUE(state.error().Is(ErrorKind::kConflict));
    return state.error().message.substr(state.error().message.find("run: ") + 5);
  };
  Run(remedy());
  EXPECT_NE(remedy().find("ADD TABLE"), std::string::npos);
  Run(remedy());
  EXPECT_TRUE(Ensure(Source({"public.*"})).ok());
}

}  // namespace
}  // namespace caudal::capture::postgres
