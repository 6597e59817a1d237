// Room for other engines in tables that our own writer changes all the time.
//
// An engine whose commit is refused tries again some few times, a fraction of a second apart. With
// several commits a second of ours, it would lose each time. So our own writer waits a little with
// its next commit to that table, now and then.
#pragma once

#include <chrono>
#include <string>
#include <unordered_map>

#include "base/mutex.h"

namespace caudal::lake {

// Thread-safe. Times are real ones, whatever the clock of the tests says.
class ForeignTurns {
 public:
  struct Options {
    std::chrono::milliseconds hold{1500};    // how long ours wait, at most
    std::chrono::milliseconds rest{10'000};  // from one such wait to the next
  };
  ForeignTurns() = default;
  explicit ForeignTurns(Options options) : options_(options) {}

  // A commit of another engine to the table was refused: others came first.
  void Lost(const std::string& uuid) EXCLUDES(mutex_);
  // One came through: ours need not wait any more.
  void Won(const std::string& uuid) EXCLUDES(mutex_);
  // Before a commit of our own: as long as the table is another's.
  void Wait(const std::string& uuid) EXCLUDES(mutex_);

 private:
  using Time = std::chrono::steady_clock::time_point;
  struct Turn {
    Time until;
    Time next;
  };

  const Options options_;
  Mutex mutex_;
  CondVar ended_;
  std::unordered_map<std::string, Turn> turns_ GUARDED_BY(mutex_);
};

}  // namespace caudal::lake
