// A source that runs: captured by one thread, applied to its tables by another.
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "base/mutex.h"
#include "base/result.h"
#include "capture/landing/landing.h"
#include "capture/landing/ledger.h"
#include "capture/postgres/run/source_capture.h"
#include "lake/write/writer.h"
#include "meta/database.h"
#include "objects/store.h"
#include "pipeline/applier.h"
#include "pipeline/raw_tables.h"

namespace caudal::pipeline {

struct SourceTableStatus {
  capture::CapturedTable captured;
  TablePair tables;
  int64_t changes_landed = 0;  // rows of change files, since the start
  int64_t changes_applied = 0;
  int64_t quarantined = 0;  // rows that are in its quarantine
};

struct SourceStatus {
  capture::postgres::CaptureStatus capture;
  std::optional<Error> apply_error;  // also while it tries again
  bool apply_stopped = false;
  // Every commit of the source that ended before it is visible to queries.
  caudal::postgres::Lsn visible;
  int64_t batches_landed = 0;         // that aren't in the tables yet
  uint64_t lag_bytes = 0;             // of the source's log
  std::optional<double> lag_seconds;  // how old what is visible is; 0: it is all there is
  std::optional<Micros> applied_at;
  std::optional<Micros> committed_at;  // of the last transaction that is visible
  int64_t rows_applied = 0;            // since the start
  int64_t commits = 0;                 // of tables, since the start
};

// Of both halves: stopped when one of them is.
capture::postgres::CaptureState StateOf(const SourceStatus& status);

// References must outlive it. Thread-safe.
class SourcePipeline {
 public:
  struct Parts {
    lake::Catalog& catalog;
    lake::Writer& writer;
    objects::Store& store;
    engine::InProcessDatabase& parquet;
    capture::Landing& landing;
    capture::Ledger& ledger;
    meta::Database& database;
    Clock& clock;
  };
  struct Options {
    capture::postgres::SourceOptions source;
    capture::postgres::CaptureLimits limits;
    ApplierOptions apply;
    std::string dataset;
  };
  SourcePipeline(Options options, Parts parts);
  ~SourcePipeline();  // Stop

  void Start();
  // Both threads end at the next safe point: within a second, but for a statement of the source
  // that has to be waited for.
  void Stop();
  // Tries again now, also after an error that doesn't pass.
  void Restart();
  // Reads these tables (folders) anew; none: all of them, from a new slot, in a new epoch. Stop is
  // the caller's before, Start after. kNotFound names a table.
  Result<void> ReadAnew(const std::vector<std::string>& folders);

  // See SourceCapture::AtCut: when `task` runs, all that was committed before is in the tables too.
  Result<void> AtCut(
      const std::function<Result<void>(const capture::postgres::SnapshotPoint&)>& task,
      const std::stop_token& stop);
  // For a task that lands something.
  void Landed(const capture::LandedChanges& landed) EXCLUDES(mutex_);
  // Until all that is landed is in the tables. kConflict when it can't be, or with `hasty`, when
  // it can't be at once; kCancelled by Stop.
  Result<void> Drain(bool hasty = false) EXCLUDES(mutex_);

  // Runs `task` while nothing is applied: the tables stay as they are, and what is landed waits.
  Result<void> WhileStill(const std::function<Result<void>()>& task) EXCLUDES(applying_mutex_);

  SourceStatus status() const EXCLUDES(mutex_);
  Result<std::vector<SourceTableStatus>> tables() const EXCLUDES(mutex_);
  Result<int64_t> quarantined() const;  // rows, of all tables
  const Options& options() const { return options_; }
  const Parts& parts() const { return parts_; }

 private:
  void ApplyAll();
  Result<bool> ApplyOnce() EXCLUDES(mutex_) EXCLUDES(applying_mutex_);
  void Forget();
  void DropOldReplicas();
  // Whether rows of the table are read, or are to be, that aren't seen yet.
  Result<bool> Gathering(const std::string& folder) const;
  Result<std::map<std::string, int64_t>> QuarantinedRows() const;

  struct Counts {
    int64_t landed = 0;  // rows of change files
    int64_t applied = 0;
  };

  const Options options_;
  const Parts parts_;
  RawTables raw_tables_;
  Applier applier_;
  capture::postgres::SourceCapture capture_;
  std::thread capturing_;
  std::thread applying_;
  // Of the thread that applies.
  std::chrono::steady_clock::time_point forgot_at_;
  std::chrono::steady_clock::time_point shown_at_ = std::chrono::steady_clock::now();

  Mutex applying_mutex_;  // of who changes the tables
  mutable Mutex mutex_;
  CondVar wake_;     // of the thread that applies
  CondVar applied_;  // of who waits for it
  bool stopping_ GUARDED_BY(mutex_) = false;
  bool again_ GUARDED_BY(mutex_) = false;
  bool look_ GUARDED_BY(mutex_) = false;              // also without batches
  int64_t landed_ GUARDED_BY(mutex_) = 0;             // last batch
  int64_t done_ GUARDED_BY(mutex_) = 0;               // last batch in tables
  caudal::postgres::Lsn visible_ GUARDED_BY(mutex_);  // by the last commit
  SourceStatus status_ GUARDED_BY(mutex_);
  std::map<std::string, Counts> counts_ GUARDED_BY(mutex_);  // by folder
};

}  // namespace caudal::pipeline
