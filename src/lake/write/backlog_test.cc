#include "lake/write/backlog.h"

#include <gtest/gtest.h>

#include <optional>
#include <thread>

namespace caudal::lake {
namespace {

using std::chrono::milliseconds;

TEST(Backlog, CommitsDuringALongCompactionWaitLongerAndLonger) {
  Backlog backlog({.free = 3, .step = milliseconds(1), .most = milliseconds(4)});
  EXPECT_EQ(backlog.Wait(), milliseconds(0)) << "nothing runs";
  for (int round = 0; round < 2; ++round) {
    const Backlog::Running running(backlog);
    for (const int wait : {0, 0, 0, 1, 2, 3, 4, 4, 4}) EXPECT_EQ(backlog.Wait().count(), wait);
  }
  EXPECT_EQ(backlog.Wait(), milliseconds(0));
}

TEST(Backlog, NobodyWaitsForACompactionThatHasEnded) {
  Backlog backlog({.free = 0, .step = std::chrono::hours(1), .most = std::chrono::hours(1)});
  std::optional<Backlog::Running> running(std::in_place, backlog);
  std::thread commit([&] { backlog.Wait(); });
  running.reset();
  commit.join();
}

}  // namespace
}  // namespace caudal::lake
