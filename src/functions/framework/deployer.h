// Puts one function in place, in the background.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <thread>

#include "base/clock.h"
#include "base/mutex.h"
#include "functions/framework/install.h"
#include "functions/framework/worker_pool.h"
#include "functions/runner.h"

namespace caudal::functions {

// Begins with its creation. Thread-safe.
class Deployer {
 public:
  // All references must outlive it. `changed`: see RunnerFactory.
  Deployer(const FunctionSpec& spec, std::string folder, Clock& clock, WorkerPool& pool,
           std::function<void()> changed);
  ~Deployer();  // stops a deployment that is going on

  // Again, now. kConflict while one is going on.
  Result<void> Request() EXCLUDES(mutex_);
  RunnerStatus status() const EXCLUDES(mutex_);
  // What the last deployment, or the one that is going on, printed.
  std::string Log(uint64_t offset, uint64_t bytes_max) const EXCLUDES(mutex_);

 private:
  void Work(const std::stop_token& stop) EXCLUDES(mutex_);
  // True when another try makes sense later.
  void DeployOnce(bool again, const std::stop_token& stop) EXCLUDES(mutex_);
  void Print(std::string_view text) EXCLUDES(mutex_);

  const FunctionSpec& spec_;
  const std::string folder_;
  Clock& clock_;
  WorkerPool& pool_;
  const std::function<void()> changed_fn_;

  mutable Mutex mutex_;
  CondVar changed_;
  bool going_on_ GUARDED_BY(mutex_) = true;
  bool requested_ GUARDED_BY(mutex_) = true;
  int failures_ GUARDED_BY(mutex_) = 0;  // in a row
  std::chrono::steady_clock::time_point retry_at_ GUARDED_BY(mutex_);
  std::shared_ptr<const Deployment> current_ GUARDED_BY(mutex_);
  std::string error_ GUARDED_BY(mutex_);  // of the last one; empty: it went well
  std::string log_ GUARDED_BY(mutex_);
  std::string last_line_ GUARDED_BY(mutex_);
  std::jthread thread_;
};

}  // namespace caudal::functions
