// From an event to its run, and what becomes of both.
#include <fmt/format.h>

#include "base/failpoint.h"
#include "base/log.h"
#include "functions/functions_core.h"

namespace caudal::functions {
namespace {

Error NotNow() { return MakeError(ErrorKind::kCancelled, "the function isn't running now"); }

sched::RunRecord RecordFor(const FunctionSpec& spec, const events::Event& event,
                           const events::Attempt& attempt, Micros queued) {
  sched::RunRecord run;
  run.kind = kRunKind;
  run.job = spec.name;
  run.trigger = attempt.replayed ? "replay" : "event";
  run.input = fmt::format("gs://{}/{}#{}", event.bucket, event.object, event.generation);
  run.key = event.id;
  run.sequence = event.sequence;
  run.attempt = attempt.number;
  run.queued = queued;
  return run;
}

sched::RunRecord WithResult(sched::RunRecord run, const RunResult& result) {
  run.status = sched::RunStatus::kSucceeded;
  run.rows_in = result.rows_in;
  run.rows_accepted = result.rows_accepted;
  run.rows_quarantined = result.rows_quarantined;
  run.outputs = result.outputs;
  run.report = result.report;
  return run;
}

Result<void> BeforeRun() {
  FAILPOINT("functions.run.before");
  return {};
}

}  // namespace

void FunctionsCore::Enqueue(Request request) {
  {
    MutexLock lock(mutex_);
    ++counters_[request.name].queued;
  }
  auto shared = std::make_shared<Request>(std::move(request));
  pool_.Submit(shared->name,
               [self = shared_from_this(), shared](bool go) { self->Serve(shared, go); });
}

void FunctionsCore::Serve(const std::shared_ptr<Request>& request, bool go) {
  LivePtr function;
  {
    MutexLock lock(mutex_);
    Counters& counters = counters_[request->name];
    --counters.queued;
    const auto found = functions_.find(request->name);
    if (found != functions_.end()) function = found->second;
    if (function == nullptr || function->runner == nullptr) go = false;
    if (go) ++counters.running;
  }
  if (!go) {
    request->done(NotNow());
    return;
  }
  const auto start = std::chrono::steady_clock::now();
  Ended ended = Ended::kFailed;
  Result<void> result = RunFor(function, *request, ended);
  const auto time = std::chrono::steady_clock::now() - start;
  Count(request->name, ended, std::chrono::duration_cast<std::chrono::microseconds>(time).count());
  function.reset();
  request->done(std::move(result));
}

Result<void> FunctionsCore::RunFor(const LivePtr& function, const Request& request, Ended& ended) {
  if (function->runner->status().state != RunnerStatus::State::kReady) {
    ended = Ended::kCancelled;
    return NotNow();
  }
  const std::optional<sched::RunRecord> before =
      TRY(runs_.FindSucceeded(kRunKind, function->spec.name, request.event.id));
  if (before) {
    ended = Ended::kSkipped;
    LogInfo("an event was run for already",
            {{"function", function->spec.name}, {"event", request.event.id}, {"run", before->id}});
    return {};
  }
  TRY(BeforeRun());
  return RunOnce(*function, request, ended);
}

Result<void> FunctionsCore::RunOnce(LiveFunction& function, const Request& request, Ended& ended) {
  const FunctionSpec& spec = function.spec;
  sched::RunRecord run =
      runs_.Start(RecordFor(spec, request.event, request.attempt, request.queued));
  const std::unique_ptr<sched::RunLog> log = runs_.OpenLog(run);
  bool recorded = false;
  const RunContext context{spec,
                           request.event,
                           run.id,
                           run.attempt,
                           *log,
                           std::chrono::steady_clock::now() + spec.timeout,
                           function.cancel.get_token(),
                           [&](meta::Tx& tx, const RunResult& result) -> Result<void> {
                             TRY(runs_.Finish(tx, WithResult(run, result)));
                             recorded = true;
                             return {};
                           }};
  Result<RunResult> result = function.runner->Run(context);
  // A death here: what publishes in its own transaction has succeeded, others run again.
  FAILPOINT_NO_ERROR("functions.run.after");
  if (!result.ok() && recorded) {
    const Result<sched::RunRecord> kept = runs_.Get(run.id);
    // Visible and recorded: nothing that came after can take it back.
    if (kept.ok() && kept->status == sched::RunStatus::kSucceeded) result = RunResult();
  }
  if (result.ok()) {
    log->Close();
    if (!recorded) TRY(runs_.Finish(WithResult(run, *result)));
    ended = Ended::kSucceeded;
    return {};
  }
  Error error = std::move(result).error();
  const bool cancelled = function.cancel.stop_requested();
  // Only the server's end makes it no attempt.
  if (!cancelled && error.Is(ErrorKind::kCancelled)) error.kind = ErrorKind::kUnavailable;
  if (cancelled) error.kind = ErrorKind::kCancelled;
  log->Note(error.message);
  log->Close();
  run.status = cancelled ? sched::RunStatus::kInterrupted : sched::RunStatus::kFailed;
  run.error_kind = error.kind;
  run.error = error.message;
  ended = cancelled ? Ended::kCancelled : Ended::kFailed;
  LogWarning("a run failed", {{"function", spec.name},
                              {"run", run.id},
                              {"input", run.input},
                              {"attempt", run.attempt},
                              {"kind", NameOf(error.kind)},
                              {"error", error.message}});
  const Result<void> kept = runs_.Finish(run);
  if (!kept.ok())
    LogWarning("the failure of a run isn't recorded", {{"error", kept.error().message}});
  return error;
}

Result<void> FunctionsCore::Replay(const std::string& name, int64_t sequence) {
  TRY(Find(name));
  return dispatcher_.Redeliver(SubscriberOf(name), sequence,
                               [&](meta::Tx& tx, const events::Event& event) {
                                 return runs_.AllowAgain(tx, kRunKind, name, event.id);
                               });
}

}  // namespace caudal::functions
