// The workings of Functions. Inside functions only.
#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <stop_token>
#include <string>
#include <vector>

#include "base/mutex.h"
#include "functions/functions.h"
#include "functions/run_pool.h"

namespace caudal::functions {

// One function as it is configured now. What it runs holds it, so it goes with the last run.
struct LiveFunction {
  explicit LiveFunction(FunctionSpec s) : spec(std::move(s)) {}
  const FunctionSpec spec;
  std::unique_ptr<Runner> runner;  // set once, under the mutex of the core
  std::stop_source cancel;
};
using LivePtr = std::shared_ptr<LiveFunction>;

// Shared, since events' callbacks may outlive Functions.
class FunctionsCore : public std::enable_shared_from_this<FunctionsCore> {
 public:
  FunctionsCore(FunctionsOptions options, events::Dispatcher& dispatcher, sched::Runs& runs,
                Clock& clock)
      : dispatcher_(dispatcher), runs_(runs), clock_(clock), pool_(options.running_max) {}

  Result<void> Configure(std::vector<FunctionSpec> specs) EXCLUDES(configure_mutex_);
  Result<void> Start(RunnerFactory factory) EXCLUDES(configure_mutex_);
  void Stop(std::chrono::milliseconds drain) EXCLUDES(configure_mutex_);
  std::vector<FunctionInfo> List() const EXCLUDES(mutex_);
  Result<FunctionInfo> Get(const std::string& name) const EXCLUDES(mutex_);
  Result<LivePtr> Find(const std::string& name) const EXCLUDES(mutex_);
  bool IsRunning(const LiveFunction& function) const EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    return function.runner != nullptr;
  }
  Result<void> Replay(const std::string& name, int64_t sequence) EXCLUDES(mutex_);
  // After Stop: waits for what still runs, then drops the runners.
  void Close() EXCLUDES(configure_mutex_);

  events::Dispatcher& dispatcher() { return dispatcher_; }
  sched::Runs& runs() { return runs_; }

 private:
  struct Counters {
    int queued = 0;
    int running = 0;
    uint64_t succeeded = 0;
    uint64_t failed = 0;
    uint64_t skipped = 0;
    std::vector<int64_t> times_us;  // a ring
    size_t next_time = 0;
  };
  struct Request {
    std::string name;
    events::Event event;
    events::Attempt attempt;
    Micros queued = 0;
    events::Done done;
  };
  enum class Ended : uint8_t { kSucceeded, kFailed, kSkipped, kCancelled };

  Result<void> Replace(const LivePtr& function) REQUIRES(configure_mutex_) EXCLUDES(mutex_);
  Result<void> Remove(const std::string& name) REQUIRES(configure_mutex_) EXCLUDES(mutex_);
  Result<void> MakeRunner(LiveFunction& function) REQUIRES(configure_mutex_) EXCLUDES(mutex_);
  events::Subscriber SubscriberFor(const FunctionSpec& spec);
  // Lets its events come when it is ready, else holds them.
  void Settle(const std::string& name) EXCLUDES(settle_mutex_);

  void Enqueue(Request request) EXCLUDES(mutex_);
  void Serve(const std::shared_ptr<Request>& request, bool go) EXCLUDES(mutex_);
  Result<void> RunFor(const LivePtr& function, const Request& request, Ended& ended);
  Result<void> RunOnce(LiveFunction& function, const Request& request, Ended& ended);
  void Count(const std::string& name, Ended ended, int64_t time_us) EXCLUDES(mutex_);
  FunctionInfo InfoOf(const LivePtr& function) const EXCLUDES(mutex_);

  events::Dispatcher& dispatcher_;
  sched::Runs& runs_;
  Clock& clock_;

  Mutex configure_mutex_;  // one change of the functions at a time
  RunnerFactory factory_ GUARDED_BY(configure_mutex_);
  Mutex settle_mutex_;  // so that the last word about holding is the newest
  mutable Mutex mutex_;
  std::map<std::string, LivePtr> functions_ GUARDED_BY(mutex_);
  std::map<std::string, Counters> counters_ GUARDED_BY(mutex_);
  std::vector<std::weak_ptr<LiveFunction>> replaced_ GUARDED_BY(mutex_);  // may still be running
  bool stopping_ GUARDED_BY(mutex_) = false;
  RunPool pool_;
};

}  // namespace caudal::functions
