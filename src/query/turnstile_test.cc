#include "query/turnstile.h"

#include <gmock/gmock.h>

#include <atomic>
#include <thread>
#include <vector>

namespace caudal::query {
namespace {

using std::chrono::seconds;

std::chrono::steady_clock::time_point In(seconds wait) {
  return std::chrono::steady_clock::now() + wait;
}

TEST(Turnstile, ClientsTakeTurns) {
  Turnstile turnstile(1, 10);
  Turnstile::Place place = turnstile.Enter("a", In(seconds(60))).value();
  Mutex mutex;
  std::vector<std::string> order;
  std::vector<std::thread> threads;
  // One by one, so that all of the first client's wait before the second's.
  for (const char* client : {"a", "a", "a", "b", "c"}) {
    std::atomic<bool> started{false};
    threads.emplace_back([&, client, who = std::string(client)] {
      started = true;
      const Turnstile::Place mine = turnstile.Enter(who, In(seconds(60))).value();
      MutexLock lock(mutex);
      order.emplace_back(client);
    });
    while (!started) std::this_thread::yield();
    std::this_thread::sleep_for(std::chrono::milliseconds(200));
  }
  place.reset();
  for (std::thread& thread : threads) thread.join();
  EXPECT_THAT(order, testing::ElementsAre("a", "b", "c", "a", "a"));
}

TEST(Turnstile, RefusesWhenTooManyWaitOrTooLong) {
  Turnstile turnstile(1, 1);
  Turnstile::Place place = turnstile.Enter("a", In(seconds(60))).value();
  EXPECT_EQ(turnstile.Enter("b", In(seconds(0))).error().code, "query.busy");
  EXPECT_EQ(turnstile.Enter("b", In(seconds(0))).error().code, "query.busy");
  place.reset();
  EXPECT_TRUE(turnstile.Enter("b", In(seconds(0))).ok());
}

}  // namespace
}  // namespace caudal::query
