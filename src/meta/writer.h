// The writer thread: takes queued functions in batches, one commit each.
#pragma once

#include <atomic>
#include <deque>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "base/mutex.h"
#include "meta/checkpointer.h"
#include "meta/database.h"

namespace caudal::meta {

// What a batch asked for beside its rows, in order of registration.
struct BatchEffects {
  std::vector<std::string> dirs;
  std::vector<std::function<void()>> callbacks;
  std::vector<std::function<void()>> ends;
};

// Thread-safe.
class Writer {
 public:
  Writer(const DatabaseOptions& options, std::unique_ptr<OpenConnection> connection,
         Checkpointer* checkpointer);
  ~Writer();

  void Enqueue(std::function<Result<void>(Tx&)> fn, std::function<void(Result<void>)> done);
  void Stop();  // runs what is queued, then ends the thread; idempotent
  bool IsThisThread() const { return std::this_thread::get_id() == thread_id_; }
  void AddStats(DatabaseStats& stats) const;

 private:
  struct Request {
    std::function<Result<void>(Tx&)> fn;
    std::function<void(Result<void>)> done;
  };
  using Batch = std::vector<Request>;
  using Results = std::vector<Result<void>>;

  void Loop();
  bool TakeBatch(Batch& batch);
  void RunBatch(Batch& batch);
  Result<void> Transact(Batch& batch, Results& results);
  Result<void> RunOne(Request& request, bool savepoint);
  Result<void> Call(Request& request);
  Result<void> Commit();
  void Rollback();
  Result<void> Control(const char* sql);
  void SyncDirs();
  void RestartLogIfLarge();
  static int OnCommit(void* self, struct sqlite3*, const char*, int frames);

  const DatabaseOptions options_;
  const std::unique_ptr<OpenConnection> connection_;
  Checkpointer* const checkpointer_;

  // The writer thread's.
  BatchEffects effects_;
  Results results_;
  uint64_t restart_above_bytes_;

  std::atomic<int> log_frames_{0};
  std::atomic<uint64_t> commits_{0};
  std::atomic<uint64_t> writes_{0};
  std::atomic<uint64_t> commit_micros_total_{0};

  Mutex mutex_;
  CondVar wake_;
  std::deque<Request> queue_ GUARDED_BY(mutex_);
  bool idle_ GUARDED_BY(mutex_) = false;
  bool stopping_ GUARDED_BY(mutex_) = false;
  Mutex stop_mutex_;  // taken before mutex_
  std::thread thread_;
  std::thread::id thread_id_;
};

}  // namespace caudal::meta
