// Many writers and readers at once; made for TSan.
#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "meta/test_database.h"

namespace caudal::meta {
namespace {

using ConcurrencyTest = DatabaseFixture;

// Every write adds two rows, so that a reader who counts an odd number saw a part of one.
TEST_F(ConcurrencyTest, ReadersSeeWholeWrites) {
  constexpr int kWriters = 8;
  constexpr int kWrites = 100;
  options_.readers_max = 3;
  options_.wal_bytes_max = 256 << 10;
  Open();
  std::atomic<int> after_commit = 0;
  std::atomic<int> writing = kWriters;
  std::vector<std::thread> threads;
  for (int w = 0; w < kWriters; ++w) {
    threads.emplace_back([&, w] {
      for (int i = 0; i < kWrites; ++i) {
        const Result<void> done = db_->Write([&](Tx& tx) -> Result<void> {
          const std::string name = std::to_string(w) + "-" + std::to_string(i);
          TRY(Insert(tx, name + "a"));
          TRY(Insert(tx, name + "b"));
          tx.AfterCommit([&] { ++after_commit; });
          if (i % 10 == 9) return MakeError(ErrorKind::kInvalid, "no");
          return {};
        });
        EXPECT_EQ(done.ok(), i % 10 != 9);
      }
      --writing;
    });
  }
  for (int r = 0; r < 4; ++r) {
    threads.emplace_back([&] {
      int64_t last = 0;
      while (writing > 0) {
        ReadTx tx = db_->Read().value();
        const int64_t count = Count(tx);
        EXPECT_EQ(count % 2, 0);
        EXPECT_GE(count, last);
        EXPECT_EQ(Count(tx), count);
        last = count;
        (void)db_->stats();
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  constexpr int kGood = kWriters * kWrites * 9 / 10;
  EXPECT_EQ(after_commit, kGood);
  EXPECT_EQ(Names().size(), size_t{kGood} * 2);
  EXPECT_EQ(db_->stats().writes, uint64_t{kGood});
}

}  // namespace
}  // namespace caudal::meta
