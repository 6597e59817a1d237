// Long work on a source that runs: it goes on by itself while others look how far it is.
#pragma once

#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>
#include <utility>

#include "base/mutex.h"
#include "base/result.h"

namespace caudal::pipeline {

class SourcePipeline;

// One that runs or has ended. Thread-safe.
template <class Progress, class Report>
class SourceTask {
 public:
  virtual ~SourceTask() = default;

  Progress progress() const EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    return progress_;
  }
  // Nothing: it runs.
  std::optional<Result<Report>> result() const EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    return result_;
  }
  // It ends soon, with kCancelled, unless it has ended.
  void Cancel() { stop_.request_stop(); }

  // Until it has ended; once. `pipeline` must outlive the call.
  void Run(SourcePipeline& pipeline) EXCLUDES(mutex_) {
    Result<Report> result = Do(pipeline);
    MutexLock lock(mutex_);
    result_ = std::move(result);
  }

 protected:
  virtual Result<Report> Do(SourcePipeline& pipeline) = 0;
  std::stop_token stop() const { return stop_.get_token(); }
  template <class Change>
  void Show(const Change& change) EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    change(progress_);
  }

 private:
  std::stop_source stop_;
  mutable Mutex mutex_;
  Progress progress_ GUARDED_BY(mutex_);
  std::optional<Result<Report>> result_ GUARDED_BY(mutex_);
};

// Tasks of one kind and source, one at a time, each on a thread of its own. Task::kKind is
// "verification", say; Task::kRunning an error code. Thread-safe.
template <class Task>
class SourceTasks {
 public:
  // `pipeline` must outlive it, or the call of Stop before.
  explicit SourceTasks(SourcePipeline& pipeline) : pipeline_(pipeline) {}
  ~SourceTasks() { Stop(); }

  // kConflict (Task::kRunning) while one runs.
  Result<std::shared_ptr<Task>> Start(std::shared_ptr<Task> task) EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    if (stopped_)
      return MakeError(ErrorKind::kUnavailable, "the source is being stopped", "source.stopping");
    if (running_ != nullptr && !running_->result())
      return MakeError(ErrorKind::kConflict,
                       std::string("a ") + Task::kKind + " of this source is running already",
                       Task::kRunning);
    if (thread_.joinable()) thread_.join();  // it has its result, and ends
    running_ = std::move(task);
    thread_ = std::thread([this, running = running_] { running->Run(pipeline_); });
    return running_;
  }
  // Cancels the one that runs, and waits for its end. None begins any more.
  void Stop() EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    stopped_ = true;
    if (running_ != nullptr) running_->Cancel();
    if (thread_.joinable()) thread_.join();
  }

 private:
  SourcePipeline& pipeline_;
  Mutex mutex_;
  bool stopped_ GUARDED_BY(mutex_) = false;
  std::shared_ptr<Task> running_ GUARDED_BY(mutex_);  // or the last one
  std::thread thread_ GUARDED_BY(mutex_);
};

}  // namespace caudal::pipeline
