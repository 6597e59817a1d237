// Kills a writing process at random moments and checks what it had acknowledged.
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <thread>

#include "base/failpoint.h"
#include "meta/test_database.h"

namespace caudal::meta {
namespace {

constexpr int kRounds = 8;
constexpr int kThreads = 4;
constexpr uint64_t kSeed = 20240229;

using CrashTest = DatabaseFixture;

// Writes pairs of rows until killed; each acknowledged id goes into the pipe.
[[noreturn]] void WriteUntilKilled(const DatabaseOptions& options, int round, int pipe) {
#if defined(CAUDAL_FAILPOINTS)
  if (round % 2 == 1 && !ArmFailpoints("*=kill:0.01", kSeed + static_cast<uint64_t>(round)).ok())
    _exit(3);
#endif
  auto db = Database::Open(options, kTestMigrations);
  if (!db.ok()) _exit(4);
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      for (int64_t i = 0;; ++i) {
        const int64_t id = ((int64_t{round} * kThreads + t) << 32) + i * 2;
        const Result<void> done = (*db)->Write([id](Tx& tx) -> Result<void> {
          for (int64_t row = id; row < id + 2; ++row)
            TRY(tx.Run("INSERT INTO items(id, name) VALUES (?, ?)", row, std::to_string(row)));
          return {};
        });
        if (!done.ok() || ::write(pipe, &id, sizeof(id)) != sizeof(id)) _exit(5);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  _exit(6);
}

TEST_F(CrashTest, WhatWasAcknowledgedIsThere) {
  options_.wal_bytes_max = 1 << 20;  // so that checkpoints are among what is cut short
  Open();
  db_.reset();
  SeededRandom random(kSeed);
  std::vector<int64_t> acknowledged;
  for (int round = 0; round < kRounds; ++round) {
    int ends[2];
    ASSERT_EQ(::pipe(ends), 0);
    const pid_t child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      ::close(ends[0]);
      WriteUntilKilled(options_, round, ends[1]);
    }
    ::close(ends[1]);
    uint64_t wanted = 1 + random.Below(1500);
    int64_t id = 0;
    while (::read(ends[0], &id, sizeof(id)) == sizeof(id)) {
      acknowledged.push_back(id);
      if (--wanted == 0) ::kill(child, SIGKILL);  // goes on to what it wrote before its end
    }
    ::close(ends[0]);
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL) << "exit " << status;

    Open();
    {
      ReadTx tx = db_->Read().value();
      for (const int64_t expected : acknowledged) {
        Statement q = tx.Prepare("SELECT count(*) FROM items WHERE id IN (?, ?)").value();
        q.BindAll(expected, expected + 1);
        ASSERT_TRUE(q.Step().value());
        ASSERT_EQ(q.Int(0), 2) << "acknowledged row " << expected << " is lost, round " << round;
      }
      EXPECT_EQ(Count(tx) % 2, 0) << "half a transaction, round " << round;
    }
    ASSERT_TRUE(db_->CheckIntegrity().value().empty());
    db_.reset();
  }
  EXPECT_GT(acknowledged.size(), 100u);
}

}  // namespace
}  // namespace caudal::meta
