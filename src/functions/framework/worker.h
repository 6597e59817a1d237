// One process that serves a function, and what it prints.
#pragma once

#include <atomic>
#include <chrono>
#include <memory>
#include <stop_token>
#include <string>
#include <thread>

#include "base/mutex.h"
#include "base/result.h"
#include "functions/framework/launch.h"
#include "functions/framework/steps.h"
#include "http/client.h"
#include "os/process.h"

namespace caudal::functions {

// Used by one thread at a time, but for End and what says so.
class Worker {
 public:
  // Returns at once; Listening tells when it can be called. What it prints goes to `print`, or
  // nowhere; its end is kept for errors.
  static Result<std::unique_ptr<Worker>> Start(Launch launch,
                                               std::shared_ptr<const Deployment> deployment,
                                               Print print);
  // Kills it with all that it started.
  ~Worker();

  bool Listening() const;
  // Nothing while it lives. Thread-safe.
  std::optional<os::ExitStatus> Ended() const;

  // POSTs. Errors: kTimeout, kCancelled, kUnavailable when it died or broke off, with how.
  Result<http::ClientResponse> Call(http::ClientRequest request, const Print& print);

  // Why it is being ended by us: what a call that is cut short reports. Sends SIGTERM. Thread-safe.
  void End(Error reason);
  void Kill();  // thread-safe

  int calls() const { return calls_; }  // thread-safe
  int group() const { return process_->pid(); }
  const std::string& mark() const { return mark_; }
  const Deployment& deployment() const { return *deployment_; }
  // The line of what it printed last that says most.
  std::string LastWords() const EXCLUDES(print_mutex_);

 private:
  Worker(Launch& launch, std::shared_ptr<const Deployment> deployment, Print print)
      : socket_(launch.socket),
        mark_(launch.mark),
        memory_bytes_(launch.memory_bytes),
        group_(std::move(launch.group)),
        deployment_(std::move(deployment)),
        print_(std::move(print)) {}
  void ReadOutput();
  void SetPrint(Print print) EXCLUDES(print_mutex_);
  // Reads what is there now; false at the end of all output.
  bool ReadWhatIsThere() EXCLUDES(print_mutex_);
  Error WhyItBrokeOff(const Error& error) EXCLUDES(reason_mutex_);

  const std::string socket_;
  const std::string mark_;
  const uint64_t memory_bytes_;
  std::unique_ptr<os::ControlGroup> group_;  // may be null
  const std::shared_ptr<const Deployment> deployment_;
  std::unique_ptr<os::Process> process_;
  os::File output_;
  http::Client client_;
  std::atomic<int> calls_{0};
  std::atomic<bool> stop_reading_{false};
  std::thread reader_;
  mutable Mutex print_mutex_;
  Print print_ GUARDED_BY(print_mutex_);
  std::string last_ GUARDED_BY(print_mutex_);
  Mutex reason_mutex_;
  std::optional<Error> reason_ GUARDED_BY(reason_mutex_);
};

}  // namespace caudal::functions
