#include "lake/catalog/foreign_turns.h"

#include <gtest/gtest.h>

#include <thread>

namespace caudal::lake {
namespace {

using namespace std::chrono_literals;

std::chrono::steady_clock::duration WaitOf(ForeignTurns& turns, const std::string& uuid) {
  const auto begin = std::chrono::steady_clock::now();
  turns.Wait(uuid);
  return std::chrono::steady_clock::now() - begin;
}

TEST(ForeignTurns, OursWaitOnceAWhile) {
  ForeignTurns turns({.hold = 200ms, .rest = 600ms});
  EXPECT_LT(WaitOf(turns, "a"), 100ms);
  turns.Lost("a");
  EXPECT_LT(WaitOf(turns, "b"), 100ms);
  EXPECT_GE(WaitOf(turns, "a"), 150ms);
  // Not again so soon.
  turns.Lost("a");
  EXPECT_LT(WaitOf(turns, "a"), 100ms);
  std::this_thread::sleep_for(700ms);
  turns.Lost("a");
  EXPECT_GE(WaitOf(turns, "a"), 150ms);
}

TEST(ForeignTurns, EndWithTheOthersCommit) {
  ForeignTurns turns({.hold = 60s, .rest = 120s});
  turns.Lost("a");
  std::thread other([&] {
    std::this_thread::sleep_for(50ms);
    turns.Won("a");
  });
  EXPECT_LT(WaitOf(turns, "a"), 30s);
  other.join();
}

}  // namespace
}  // namespace caudal::lake
