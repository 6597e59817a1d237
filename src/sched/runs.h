// The records of runs: what ran, why, how it ended, what it made, and what it printed.
//
// Durability: Finish returns ok only when the record is on stable storage; Finish within a given
// transaction is durable with it, so that a run's success and its outputs are one commit. Start is
// recorded behind the caller's back: a death within the next commit may leave no trace of a run
// that had just begun. A run that was cut short by the end of the server is marked interrupted when
// the records are opened again.
//
// Does not: run anything, or retry. Thread-safe.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/mutex.h"
#include "base/result.h"
#include "meta/database.h"
#include "sched/log_folder.h"
#include "sched/run.h"
#include "sched/run_log.h"

namespace caudal::sched {

struct RunsOptions {
  std::string log_folder;  // made when it doesn't exist; holds <id>.log
  // Older runs are pruned, and those beyond the newest `runs_max`. Both must be longer than an
  // event can wait to be delivered again: a pruned success is forgotten.
  std::chrono::hours keep{24 * 30};
  int64_t runs_max = 20'000;
  uint64_t log_bytes_max = 1u << 20;   // of one run
  uint64_t logs_bytes_max = 1u << 30;  // of all together; the oldest go first
  std::chrono::milliseconds prune_interval{60'000};
};

struct RunQuery {
  std::string kind;  // empty: any; so are job and key
  std::string job;
  std::string key;
  std::optional<RunStatus> status;
  int64_t before = 0;  // ids below it; 0: the newest
  int limit = 100;
};

struct JobCounts {
  std::string job;
  std::array<int64_t, 4> by_status{};  // of the runs that are kept, by RunStatus
  int64_t last_run = 0;

  int64_t Of(RunStatus status) const { return by_status[static_cast<size_t>(status)]; }
};

class Runs {
 public:
  static std::span<const meta::Migration> Migrations();
  // `database` and `clock` must outlive it.
  static Result<std::unique_ptr<Runs>> Open(RunsOptions options, meta::Database& database,
                                            Clock& clock);

  // Gives `run` its id, start and status. Doesn't wait; now and then prunes a little first.
  RunRecord Start(RunRecord run) EXCLUDES(mutex_);
  // Records the whole of `run`, with its end set where it has none. Status must not be kRunning.
  Result<void> Finish(RunRecord run);
  // The same in the caller's transaction.
  Result<void> Finish(meta::Tx& tx, RunRecord run);

  // The newest run of the job that succeeded for the key.
  Result<std::optional<RunRecord>> FindSucceeded(const std::string& kind, const std::string& job,
                                                 const std::string& key);
  // The successes so far no longer count in FindSucceeded: the job is to run for the key again. In
  // the transaction that makes it so.
  Result<void> AllowAgain(meta::Tx& tx, const std::string& kind, const std::string& job,
                          const std::string& key);
  // Newest first.
  Result<std::vector<RunRecord>> List(const RunQuery& query);
  // kNotFound ("run.not_found").
  Result<RunRecord> Get(int64_t id);
  Result<std::vector<JobCounts>> Counts(const std::string& kind);

  // What the run prints goes here.
  std::unique_ptr<RunLog> OpenLog(const RunRecord& run) const;
  // The last `bytes_max` bytes of what it printed, from the beginning of a line; empty when it
  // printed nothing. kNotFound when there is no such run.
  Result<std::string> ReadLog(int64_t id, uint64_t bytes_max);

  // Drops what is too old or too much, now. Returns how many.
  Result<int64_t> Prune();

 private:
  Runs(RunsOptions options, meta::Database& database, Clock& clock,
       std::unique_ptr<LogFolder> logs);
  Result<int64_t> PruneSome();
  void PruneIfDue() EXCLUDES(mutex_);

  const RunsOptions options_;
  meta::Database& database_;
  Clock& clock_;
  const std::unique_ptr<LogFolder> logs_;
  std::atomic<int64_t> last_id_{0};
  Mutex mutex_;
  std::chrono::steady_clock::time_point next_prune_ GUARDED_BY(mutex_);
};

}  // namespace caudal::sched
