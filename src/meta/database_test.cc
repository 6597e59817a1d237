#include "meta/database.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <stdexcept>
#include <thread>

#include "base/failpoint.h"
#include "meta/test_database.h"

namespace caudal::meta {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class DatabaseTest : public DatabaseFixture {};

TEST_F(DatabaseTest, KeepsWhatWasWritten) {
  Open();
  const Result<int64_t> id = db_->Write([](Tx& tx) -> Result<int64_t> {
    TRY(tx.Run("INSERT INTO items(name, size) VALUES (?, ?)", "one", 7));
    return tx.LastInsertId();
  });
  ASSERT_TRUE(id.ok()) << id.error().message;
  Open();
  ReadTx tx = db_->Read().value();
  Statement q = tx.Prepare("SELECT name, size, note FROM items WHERE id = ?").value();
  q.Bind(1, *id);
  ASSERT_TRUE(q.Step().value());
  EXPECT_EQ(q.Text(0), "one");
  EXPECT_EQ(q.Int(1), 7);
  EXPECT_TRUE(q.IsNull(2));
  EXPECT_FALSE(q.Step().value());
}

// What durability rests on, and what only a power cut would show.
TEST_F(DatabaseTest, WriterIsSetUpToBeDurable) {
  Open();
  const auto pragma = [&](const std::string& name) {
    return db_
        ->Write([&](Tx& tx) -> Result<std::string> {
          Statement q = TRY(tx.Prepare("PRAGMA " + name));
          EXPECT_TRUE(TRY(q.Step()));
          return std::string(q.Text(0));
        })
        .value();
  };
  EXPECT_EQ(pragma("journal_mode"), "wal");
  EXPECT_EQ(pragma("synchronous"), "2");
  EXPECT_EQ(pragma("foreign_keys"), "1");
  EXPECT_EQ(pragma("wal_autocheckpoint"), "0");
}

TEST_F(DatabaseTest, FailureUndoesItsFunctionAlone) {
  Open();
  StalledWriter stall(*db_);
  std::vector<std::future<Result<void>>> done;
  done.push_back(stall.Queue([](Tx& tx) { return Insert(tx, "a"); }));
  done.push_back(stall.Queue([](Tx& tx) -> Result<void> {
    TRY(Insert(tx, "b"));
    return MakeError(ErrorKind::kPrecondition, "no");
  }));
  done.push_back(stall.Queue([](Tx& tx) -> Result<void> {
    TRY(Insert(tx, "c"));
    throw std::runtime_error("thrown");
  }));
  done.push_back(stall.Queue([](Tx& tx) { return Insert(tx, "a"); }));
  done.push_back(stall.Queue([](Tx& tx) { return Insert(tx, "d"); }));
  stall.Go();
  EXPECT_TRUE(done[0].get().ok());
  EXPECT_EQ(done[1].get().error().kind, ErrorKind::kPrecondition);
  const Error thrown = done[2].get().error();
  EXPECT_EQ(thrown.kind, ErrorKind::kInternal);
  EXPECT_THAT(thrown.message, HasSubstr("thrown"));
  EXPECT_EQ(done[3].get().error().kind, ErrorKind::kAlreadyExists);
  EXPECT_TRUE(done[4].get().ok());
  EXPECT_THAT(Names(), ElementsAre("a", "d"));
  EXPECT_EQ(db_->stats().commits, 2u);  // the stall's own, and one for all of them
}

TEST_F(DatabaseTest, FailureAloneInItsBatch) {
  Open();
  const Result<void> result = db_->Write([](Tx& tx) -> Result<void> {
    TRY(Insert(tx, "a"));
    return MakeError(ErrorKind::kInvalid, "no");
  });
  EXPECT_EQ(result.error().kind, ErrorKind::kInvalid);
  EXPECT_THAT(Names(), IsEmpty());
  EXPECT_TRUE(db_->Write([](Tx& tx) { return Insert(tx, "a"); }).ok());
}

TEST_F(DatabaseTest, DanglingDeferredKeyFailsItsFunctionAlone) {
  Open();
  StalledWriter stall(*db_);
  auto dangling = stall.Queue([](Tx& tx) -> Result<void> {
    TRY(tx.Run("INSERT INTO children(parent) VALUES (99)"));
    return {};
  });
  auto sound = stall.Queue([](Tx& tx) { return Insert(tx, "a"); });
  stall.Go();
  EXPECT_EQ(dangling.get().error().kind, ErrorKind::kConflict);
  EXPECT_TRUE(sound.get().ok());
}

TEST_F(DatabaseTest, ReadersSeeOneSnapshot) {
  Open();
  ReadTx before = db_->Read().value();
  ASSERT_TRUE(db_->Write([](Tx& tx) { return Insert(tx, "a"); }).ok());
  EXPECT_EQ(Count(before), 0);
  ReadTx after = db_->Read().value();
  EXPECT_EQ(Count(after), 1);
  ASSERT_TRUE(db_->Write([](Tx& tx) { return Insert(tx, "b"); }).ok());
  EXPECT_EQ(Count(before), 0);
  EXPECT_EQ(Count(after), 1);
}

TEST_F(DatabaseTest, ReadersCannotWrite) {
  Open();
  ReadTx tx = db_->Read().value();
  EXPECT_FALSE(tx.Run("INSERT INTO items(name) VALUES ('a')").ok());
  EXPECT_EQ(Count(tx), 0);
}

TEST_F(DatabaseTest, ReadersAreBounded) {
  options_.readers_max = 2;
  options_.reader_wait = std::chrono::milliseconds(1);
  Open();
  auto one = db_->Read();
  {
    auto two = db_->Read();
    ASSERT_TRUE(two.ok());
    EXPECT_EQ(db_->Read().error().kind, ErrorKind::kLimit);
  }
  EXPECT_TRUE(db_->Read().ok());
}

TEST_F(DatabaseTest, AfterCommitRunsInOrderAndOnlyForWhatSucceeded) {
  Open();
  std::vector<int> calls;
  std::vector<std::future<Result<void>>> done;
  {
    StalledWriter stall(*db_);
    for (int i = 0; i < 6; ++i) {
      done.push_back(stall.Queue([&, i](Tx& tx) -> Result<void> {
        tx.AfterCommit([&, i] { calls.push_back(i * 10); });
        TRY(Insert(tx, std::to_string(i)));
        tx.AfterCommit([&, i] { calls.push_back(i * 10 + 1); });
        if (i % 3 == 1) return MakeError(ErrorKind::kInvalid, "no");
        return {};
      }));
    }
    stall.Go();
  }
  for (auto& d : done) d.wait();
  EXPECT_THAT(calls, ElementsAre(0, 1, 20, 21, 30, 31, 50, 51));
}

TEST_F(DatabaseTest, AfterCommitSeesTheCommit) {
  Open();
  std::promise<int64_t> seen;
  ASSERT_TRUE(db_->Write([&](Tx& tx) -> Result<void> {
                   tx.AfterCommit([&] {
                     ReadTx read = db_->Read().value();
                     seen.set_value(Count(read));
                   });
                   return Insert(tx, "a");
                 })
                  .ok());
  EXPECT_EQ(seen.get_future().get(), 1);
}

TEST_F(DatabaseTest, ThrowingCallbacksDoNotStopTheWriter) {
  Open();
  db_->WriteAsync(
      [](Tx& tx) {
        tx.AfterCommit([] { throw std::runtime_error("a"); });
        return Insert(tx, "a");
      },
      [](const Result<void>&) { throw std::runtime_error("b"); });
  EXPECT_TRUE(db_->Write([](Tx& tx) { return Insert(tx, "b"); }).ok());
}

TEST_F(DatabaseTest, QueueIsBounded) {
  options_.queue_max = 3;
  Open();
  StalledWriter stall(*db_);
  std::vector<std::future<Result<void>>> done;
  for (int i = 0; i < 3; ++i)
    done.push_back(stall.Queue([i](Tx& tx) { return Insert(tx, std::to_string(i)); }));
  auto refused = stall.Queue([](Tx& tx) { return Insert(tx, "x"); });
  ASSERT_EQ(refused.wait_for(std::chrono::seconds(0)), std::future_status::ready);
  EXPECT_EQ(refused.get().error().kind, ErrorKind::kLimit);
  stall.Go();
  for (auto& d : done) EXPECT_TRUE(d.get().ok());
}

TEST_F(DatabaseTest, ShutdownDrainsThenRefuses) {
  Open();
  std::atomic<int> good = 0;
  for (int i = 0; i < 100; ++i)
    db_->WriteAsync([i](Tx& tx) { return Insert(tx, std::to_string(i)); },
                    [&](const Result<void>& r) { good += r.ok() ? 1 : 0; });
  db_->Shutdown();
  db_->Shutdown();
  EXPECT_EQ(good, 100);
  EXPECT_EQ(db_->Write([](Tx& tx) { return Insert(tx, "x"); }).error().kind,
            ErrorKind::kUnavailable);
  EXPECT_EQ(Names().size(), 100u);
}

TEST_F(DatabaseTest, SyncsFoldersOnceBeforeTheCommit) {
  Open();
  ASSERT_TRUE(db_->Write([&](Tx& tx) -> Result<void> {
                   tx.SyncDirBeforeCommit(dir_);
                   tx.SyncDirBeforeCommit(dir_);
                   return Insert(tx, "a");
                 })
                  .ok());
}

TEST_F(DatabaseTest, WritingFromTheWriterThreadIsADefect) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_DEATH(
      {
        Open();
        (void)db_->Write([&](Tx&) { return db_->Write([](Tx& tx) { return Insert(tx, "a"); }); });
      },
      "writer thread");
}

#if defined(CAUDAL_FAILPOINTS)
TEST_F(DatabaseTest, FailpointsFailTheBatch) {
  Open();
  for (const char* name : {"meta.batch.begin", "meta.batch.before_commit"}) {
    ASSERT_TRUE(ArmFailpoints(std::string(name) + "=error").ok());
    bool called = false;
    const Result<void> result = db_->Write([&](Tx& tx) {
      tx.AfterCommit([&] { called = true; });
      return Insert(tx, "a");
    });
    DisarmFailpoints();
    EXPECT_EQ(result.error().kind, ErrorKind::kUnavailable) << name;
    EXPECT_FALSE(called);
    EXPECT_THAT(Names(), IsEmpty());
  }
  EXPECT_TRUE(db_->Write([](Tx& tx) { return Insert(tx, "a"); }).ok());
}
#endif

}  // namespace
}  // namespace caudal::meta
