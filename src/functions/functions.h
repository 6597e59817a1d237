// Functions: each subscribes to the events of a bucket, and runs once for each of them that
// matches.
//
// Guarantees: an event is run for at least once, across crashes, in order per object; it isn't run
// for again once a run for it has succeeded (unless asked for by Replay). A run whose runner
// publishes outputs succeeds in the transaction that makes them visible, so that after any death
// each event's outputs are those of exactly one run. Every attempt is a run record.
//
// A function that isn't ready (deploying, broken) keeps its events waiting. Thread-safe.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "events/dispatcher.h"
#include "functions/runner.h"
#include "functions/spec.h"
#include "sched/runs.h"

namespace caudal::functions {

struct FunctionsOptions {
  // Runs at once, of all functions together; at least one for each function.
  int running_max = 16;
};

struct FunctionInfo {
  FunctionSpec spec;
  RunnerStatus status;
  int queued = 0;
  int running = 0;
  uint64_t succeeded = 0;  // since the server started
  uint64_t failed = 0;
  uint64_t skipped = 0;    // had succeeded before
  int64_t run_p50_us = 0;  // time of the last runs
  int64_t run_p99_us = 0;
};

// Of run records.
inline constexpr const char* kRunKind = "function";
// The events module knows a function by this name.
std::string SubscriberOf(std::string_view function);

class Functions {
 public:
  // References must outlive it.
  static std::unique_ptr<Functions> Make(FunctionsOptions options, events::Dispatcher& dispatcher,
                                         sched::Runs& runs, Clock& clock);
  virtual ~Functions() = default;  // Stop, with no time to drain

  // Makes the functions those of `specs`: before Start, or at any time after it. A function whose
  // spec hasn't changed goes on undisturbed; one that is gone or replaced finishes what it runs
  // with what it had. kInvalid (CheckSpec) with nothing changed.
  virtual Result<void> Configure(std::vector<FunctionSpec> specs) = 0;
  // Makes the runners and lets events come.
  virtual Result<void> Start(RunnerFactory factory) = 0;
  // No run begins after it. Those that are running get `drain`, then are asked to end; their events
  // stay due. Idempotent.
  virtual void Stop(std::chrono::milliseconds drain) = 0;

  virtual std::vector<FunctionInfo> List() const = 0;
  // kNotFound ("function.not_found") for this and all below.
  virtual Result<FunctionInfo> Get(const std::string& name) const = 0;
  virtual Result<void> Deploy(const std::string& name) = 0;
  virtual Result<std::string> DeployLog(const std::string& name, uint64_t offset,
                                        uint64_t bytes_max) = 0;

  // Runs the function again for an event, also when it had succeeded: durable when it returns.
  // kNotFound when the event is no longer kept; kConflict while it is waiting or running already.
  virtual Result<void> Replay(const std::string& name, int64_t event_sequence) = 0;
  // For the event of an earlier run.
  virtual Result<void> ReplayRun(int64_t run) = 0;
};

}  // namespace caudal::functions
