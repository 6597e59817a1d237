// The stream of a real server's slot.
#include "capture/postgres/stream/replication_stream.h"

#include <gmock/gmock.h>

#include "capture/postgres/slot.h"
#include "capture/postgres/test_database.h"

namespace caudal::capture::postgres {
namespace {

using caudal::postgres::Begin;
using caudal::postgres::Commit;
using caudal::postgres::Insert;
using caudal::postgres::Lsn;
using std::chrono::milliseconds;
using std::chrono::seconds;
using std::chrono::steady_clock;

class ReplicationStreamTest : public DatabaseTest {
 protected:
  void SetUp() override {
    DatabaseTest::SetUp();
    Run("CREATE TABLE t (id int PRIMARY KEY)");
    Run("CREATE PUBLICATION \"it's a \"\"p\"\"\" FOR ALL TABLES");
    Run("SELECT pg_create_logical_replication_slot('" + slot_ + "', 'pgoutput')");
  }

  StreamOptions Wanted() {
    StreamOptions options;
    options.connection = Options();
    options.slot = slot_;
    options.publication = "it's a \"p\"";
    return options;
  }
  // The end of the next transaction, and how many rows it inserts.
  std::pair<Lsn, int> Transaction(ReplicationStream& stream) {
    int rows = 0;
    bool begun = false;
    while (true) {
      const auto message = stream.Next(steady_clock::now() + seconds(20));
      if (!message.ok() || !*message) {
        ADD_FAILURE() << (message.ok() ? "nothing came" : message.error().message);
        return {};
      }
      if (std::get_if<Begin>(&**message) != nullptr) begun = true;
      if (std::get_if<Insert>(&**message) != nullptr) ++rows;
      if (const auto* commit = std::get_if<Commit>(&**message)) {
        EXPECT_TRUE(begun);
        return {commit->end_lsn, rows};
      }
    }
  }
  Lsn Confirmed() { return ReadSlot(*connection_, slot_).value()->confirmed; }

  const std::string slot_ = "s" + database_;
};

TEST_F(ReplicationStreamTest, WholeTransactionsInOrder) {
  auto stream = ReplicationStream::Start(Wanted()).value();
  EXPECT_FALSE(stream->Next(steady_clock::now()).value());
  Run("INSERT INTO t VALUES (1), (2)");
  Run("INSERT INTO t SELECT generate_series(10, 1009)");
  const auto first = Transaction(*stream);
  const auto second = Transaction(*stream);
  EXPECT_EQ(first.second, 2);
  EXPECT_EQ(second.second, 1000);
  EXPECT_LT(first.first, second.first);
  EXPECT_GE(stream->server_end(), second.first);
  EXPECT_GT(stream->sent_at(), 0);
}

TEST_F(ReplicationStreamTest, WhatWasntAcknowledgedComesAgain) {
  auto stream = ReplicationStream::Start(Wanted()).value();
  Run("INSERT INTO t VALUES (1)");
  Run("INSERT INTO t VALUES (2), (3)");
  const Lsn end = Transaction(*stream).first;
  Transaction(*stream);
  stream->Acknowledge(end);
  stream->Acknowledge({1});
  EXPECT_EQ(stream->acknowledged(), end);
  const auto deadline = steady_clock::now() + seconds(20);
  while (Confirmed() < end && steady_clock::now() < deadline)
    ASSERT_TRUE(stream->Next(steady_clock::now() + milliseconds(5)).ok());
  EXPECT_EQ(Confirmed(), end);
  stream.reset();
  // The server lets go of the slot once it sees that the connection is gone.
  Result<std::unique_ptr<ReplicationStream>> again = ReplicationStream::Start(Wanted());
  while (!again.ok() && steady_clock::now() < deadline) {
    EXPECT_TRUE(again.error().Is(ErrorKind::kUnavailable)) << again.error().message;
    again = ReplicationStream::Start(Wanted());
  }
  ASSERT_TRUE(again.ok()) << again.error().message;
  EXPECT_EQ(Transaction(**again).second, 2);
}

TEST_F(ReplicationStreamTest, AnswersAServerThatWantsToHear) {
  Run("ALTER DATABASE " + database_ + " SET wal_sender_timeout = '200ms'");
  StreamOptions options = Wanted();
  options.status_interval = seconds(60);
  auto stream = ReplicationStream::Start(options).value();
  // Before version 15 also transactions without changes come.
  const auto until = steady_clock::now() + milliseconds(700);
  while (stream->Next(until).value()) {
  }
  Run("INSERT INTO t VALUES (1)");
  EXPECT_EQ(Transaction(*stream).second, 1);
}

TEST_F(ReplicationStreamTest, AnIdleDatabaseMovesOn) {
  auto stream = ReplicationStream::Start(Wanted()).value();
  const Lsn before = stream->sent_up_to();
  // Log of something that isn't published.
  Run("SELECT pg_switch_wal()");
  const auto deadline = steady_clock::now() + seconds(20);
  while (stream->sent_up_to() <= before && steady_clock::now() < deadline)
    ASSERT_FALSE(stream->Next(steady_clock::now() + milliseconds(20)).value());
  EXPECT_GT(stream->sent_up_to(), before);
}

TEST_F(ReplicationStreamTest, TroubleHasNames) {
  StreamOptions options = Wanted();
  options.slot = "there_is_none";
  EXPECT_EQ(ReplicationStream::Start(options).error().code, "postgres.no_slot");

  auto stream = ReplicationStream::Start(Wanted()).value();
  EXPECT_TRUE(ReplicationStream::Start(Wanted()).error().Is(ErrorKind::kUnavailable));
  Run("SELECT pg_terminate_backend(active_pid) FROM pg_replication_slots WHERE slot_name = '" +
      slot_ + "'");
  auto message = stream->Next(steady_clock::now() + seconds(20));
  ASSERT_FALSE(message.ok());
  EXPECT_TRUE(message.error().Is(ErrorKind::kUnavailable)) << message.error().message;
}

}  // namespace
}  // namespace caudal::capture::postgres
