// Moves the write-ahead log's pages into the database file, in the background.
#pragma once

#include <atomic>
#include <memory>
#include <thread>

#include "base/mutex.h"
#include "meta/open_connection.h"

namespace caudal::meta {

// Thread-safe. A checkpoint that can't be made durable ends the process.
class Checkpointer {
 public:
  explicit Checkpointer(std::unique_ptr<OpenConnection> connection);
  ~Checkpointer();

  // After each commit: the log holds so many frames. Wakes the thread when enough of them are new.
  void LogHas(int frames);
  // From the writer, between transactions, on its own connection: moves all pages, then lets the
  // log be overwritten from its start. False when a reader that goes on prevents that.
  bool Restart(OpenConnection& writer);
  uint64_t checkpoints() const { return checkpoints_.load(std::memory_order_relaxed); }

 private:
  void Loop();
  bool Checkpoint(OpenConnection& connection, int mode);

  std::unique_ptr<OpenConnection> connection_;  // the thread's
  Mutex one_at_a_time_;                         // SQLite lets a second checkpoint fail
  std::atomic<uint64_t> checkpoints_{0};
  std::atomic<int> frames_at_last_{0};

  Mutex mutex_;
  CondVar wake_;
  bool wanted_ GUARDED_BY(mutex_) = false;
  bool stopping_ GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace caudal::meta
