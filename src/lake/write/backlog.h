// Commits that a compaction of their table can't know of, because they came while it ran. Too many
// of them wait a little, so that files don't pile up faster than they are merged.
#pragma once

#include <chrono>

#include "base/mutex.h"

namespace caudal::lake {

struct BacklogOptions {
  int free = 80;                      // so many commits wait for nothing; some 160 files
  std::chrono::milliseconds step{1};  // each one more waits so much longer than the one before
  std::chrono::milliseconds most{50};
};

// Of one table. Thread-safe.
class Backlog {
 public:
  explicit Backlog(BacklogOptions options = {}) : options_(options) {}

  // A compaction reads the table. Until it goes, commits are counted.
  class Running {
   public:
    explicit Running(Backlog& backlog);
    ~Running();
    Running(const Running&) = delete;
    Running& operator=(const Running&) = delete;

   private:
    Backlog& backlog_;
  };

  // Before a commit: waits as long as it has to, less when the compaction ends. Returns how long it
  // would wait for one that doesn't.
  std::chrono::milliseconds Wait() EXCLUDES(mutex_);

 private:
  const BacklogOptions options_;
  Mutex mutex_;
  CondVar ended_;
  int running_ GUARDED_BY(mutex_) = 0;  // compactions
  int commits_ GUARDED_BY(mutex_) = 0;  // since the last of them began
};

}  // namespace caudal::lake
