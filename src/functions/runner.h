// What runs a function of some kind, once for each event.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "base/result.h"
#include "data/json.h"
#include "events/event.h"
#include "functions/spec.h"
#include "meta/database.h"
#include "sched/run.h"
#include "sched/run_log.h"

namespace caudal::functions {

// What a run tells of itself when it succeeds. What a kind can't know stays unset.
struct RunResult {
  std::optional<int64_t> rows_in;
  std::optional<int64_t> rows_accepted;
  std::optional<int64_t> rows_quarantined;
  std::vector<sched::RunOutput> outputs;
  Json report = Json::object();  // for people: counts by rule, and the like
};

// One attempt, as its runner sees it. Lives as long as Run.
struct RunContext {
  const FunctionSpec& function;
  const events::Event& event;
  int64_t run = 0;  // its record's id
  int attempt = 1;
  sched::RunLog& log;  // what it prints; thread-safe
  std::chrono::steady_clock::time_point deadline;
  // Asked when the server stops or the function goes: end within a second, with kCancelled.
  std::stop_token cancel;
  // Records the success in `tx`, the transaction that makes the outputs visible: both or neither.
  // Optional: without it, the success is recorded after Run returned ok. At most once; after it,
  // Run returns ok only if `tx` was committed.
  std::function<Result<void>(meta::Tx& tx, const RunResult& result)> succeed;
};

struct RunnerStatus {
  enum class State : uint8_t {
    kReady,
    kDeploying,  // not yet; events wait
    kBroken,     // not until somebody, or a later try, puts it right; events wait
  };
  State state = State::kReady;
  std::string detail;           // why not ready: the last line of progress, or the error
  Json facts = Json::object();  // for people: workers, what is deployed
};
std::string_view NameOf(RunnerStatus::State state);  // "ready", "deploying", "broken"

// Thread-safe. Destroyed only when no Run is going on; ends then whatever it started.
//
// Run's errors decide what becomes of the event (RetryRuleOf): kInvalid, kUnsupported, kCorrupt and
// the like say that the input is at fault and no retry helps; kUnavailable, kTimeout, kLimit are
// tried again. Messages are shown to people.
class Runner {
 public:
  virtual ~Runner() = default;

  // Up to spec.concurrency at once. Ends by the deadline, by itself, with kTimeout; what must be
  // brought up first (a process) has a time of its own.
  virtual Result<RunResult> Run(const RunContext& context) = 0;

  virtual RunnerStatus status() const { return {}; }
  // Puts what the function needs in place again, in the background; status tells how it goes.
  // kUnsupported for kinds that need nothing.
  virtual Result<void> Deploy();
  // What the last deployment printed from byte `offset` on, at most `bytes_max`.
  virtual Result<std::string> DeployLog(uint64_t offset, uint64_t bytes_max);
};

// Makes the runner of a function. `changed` is to be called, from any thread but not from within
// the factory, whenever the runner's status may have changed.
using RunnerFactory = std::function<Result<std::unique_ptr<Runner>>(const FunctionSpec& spec,
                                                                    std::function<void()> changed)>;

}  // namespace caudal::functions
