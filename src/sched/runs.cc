#include "sched/runs.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/failpoint.h"
#include "base/log.h"
#include "sched/run_rows.h"

namespace caudal::sched {
namespace {

constexpr int kPrunedAtOnce = 200;
constexpr int kListMax = 1000;
constexpr size_t kErrorBytesMax = 4000;
constexpr size_t kReportBytesMax = 64u << 10;

// The record stays small whatever a job says.
void Bound(RunRecord& run) {
  run.error = MaskSecrets(run.error);
  if (run.error.size() > kErrorBytesMax) {
    run.error.resize(kErrorBytesMax);
    run.error += "…";
  }
  if (run.report.size() > 0 && DumpJson(run.report).size() > kReportBytesMax)
    run.report = {{"omitted", "the report was too large"}};
}

}  // namespace

std::span<const meta::Migration> Runs::Migrations() { return RunMigrations(); }

Runs::Runs(RunsOptions options, meta::Database& database, Clock& clock,
           std::unique_ptr<LogFolder> logs)
    : options_(std::move(options)), database_(database), clock_(clock), logs_(std::move(logs)) {}

Result<std::unique_ptr<Runs>> Runs::Open(RunsOptions options, meta::Database& database,
                                         Clock& clock) {
  std::unique_ptr<LogFolder> logs =
      TRY(LogFolder::Open(options.log_folder, options.log_bytes_max, options.logs_bytes_max));
  std::unique_ptr<Runs> runs(new Runs(std::move(options), database, clock, std::move(logs)));
  {
    meta::ReadTx read = TRY(database.Read());
    runs->last_id_ = TRY(LastRunId(read));
  }
  TRY(runs->logs_->RemoveAbove(runs->last_id_));
  const int64_t interrupted =
      TRY(database.Write([&](meta::Tx& tx) { return InterruptRunning(tx, clock.Now()); }));
  if (interrupted > 0)
    LogWarning("runs were cut short by the server's end", {{"runs", interrupted}});
  MutexLock lock(runs->mutex_);
  runs->next_prune_ = clock.Steady() + runs->options_.prune_interval;
  return runs;
}

RunRecord Runs::Start(RunRecord run) {
  PruneIfDue();
  run.id = last_id_.fetch_add(1) + 1;
  run.status = RunStatus::kRunning;
  run.started = clock_.Now();
  run.ended = 0;
  if (run.queued == 0) run.queued = run.started;
  // Before its Finish, whichever thread calls that: writes keep their order.
  database_.WriteAsync(
      [run](meta::Tx& tx) { return PutRun(tx, run); },
      [](const Result<void>& done) {
        if (!done.ok())
          LogWarning("the start of a run isn't recorded", {{"error", done.error().message}});
      });
  return run;
}

Result<void> Runs::Finish(meta::Tx& tx, RunRecord run) {
  CAUDAL_CHECK(run.id > 0 && run.status != RunStatus::kRunning, "a run finishes once it has ended");
  if (run.ended == 0) run.ended = std::max(clock_.Now(), run.started);
  Bound(run);
  FAILPOINT("sched.run.finish");
  return PutRun(tx, run);
}

Result<void> Runs::Finish(RunRecord run) {
  return database_.Write([&](meta::Tx& tx) { return Finish(tx, run); });
}

Result<std::optional<RunRecord>> Runs::FindSucceeded(const std::string& kind,
                                                     const std::string& job,
                                                     const std::string& key) {
  meta::ReadTx read = TRY(database_.Read());
  return ReadSucceeded(read, kind, job, key);
}

Result<void> Runs::AllowAgain(meta::Tx& tx, const std::string& kind, const std::string& job,
                              const std::string& key) {
  return SupersedeRuns(tx, kind, job, key);
}

Result<std::vector<RunRecord>> Runs::List(const RunQuery& query) {
  RunQuery bounded = query;
  bounded.limit = std::clamp(query.limit, 0, kListMax);
  meta::ReadTx read = TRY(database_.Read());
  return ReadRuns(read, bounded);
}

Result<RunRecord> Runs::Get(int64_t id) {
  meta::ReadTx read = TRY(database_.Read());
  std::optional<RunRecord> run = TRY(ReadRun(read, id));
  if (run) return std::move(*run);
  return MakeError(ErrorKind::kNotFound,
                   fmt::format("there is no run {}; old ones are pruned after a while", id),
                   "run.not_found");
}

Result<std::vector<JobCounts>> Runs::Counts(const std::string& kind) {
  meta::ReadTx read = TRY(database_.Read());
  return CountRuns(read, kind);
}

std::unique_ptr<RunLog> Runs::OpenLog(const RunRecord& run) const { return logs_->Create(run.id); }

Result<std::string> Runs::ReadLog(int64_t id, uint64_t bytes_max) {
  TRY(Get(id));
  return logs_->Read(id, bytes_max);
}

void Runs::PruneIfDue() {
  {
    MutexLock lock(mutex_);
    if (clock_.Steady() < next_prune_) return;
    next_prune_ = clock_.Steady() + options_.prune_interval;
  }
  const Result<int64_t> pruned = PruneSome();
  if (!pruned.ok()) {
    LogWarning("old runs can't be pruned", {{"error", pruned.error().message}});
    return;
  }
  if (*pruned < kPrunedAtOnce) return;
  MutexLock lock(mutex_);
  next_prune_ = clock_.Steady();  // there is more
}

Result<int64_t> Runs::Prune() {
  int64_t total = 0;
  while (true) {
    const int64_t pruned = TRY(PruneSome());
    total += pruned;
    if (pruned < kPrunedAtOnce) return total;
  }
}

Result<int64_t> Runs::PruneSome() {
  const Micros before =
      clock_.Now() - std::chrono::duration_cast<std::chrono::microseconds>(options_.keep).count();
  const std::vector<int64_t> ids =
      TRY(database_.Write([&](meta::Tx& tx) -> Result<std::vector<int64_t>> {
        return DeleteOld(tx, before, options_.runs_max, kPrunedAtOnce);
      }));
  for (const int64_t id : ids) TRY(logs_->Remove(id));
  TRY(logs_->Trim());
  return static_cast<int64_t>(ids.size());
}

}  // namespace caudal::sched
