// The capture of one PostgreSQL source: from its tables and log into change files, for as long as
// it runs.
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>

#include "base/clock.h"
#include "base/mutex.h"
#include "base/result.h"
#include "capture/landing/history_tables.h"
#include "capture/landing/landing.h"
#include "capture/landing/ledger.h"
#include "capture/postgres/check.h"
#include "capture/postgres/options.h"
#include "capture/postgres/run/capture_status.h"
#include "capture/postgres/run/slot_watch.h"
#include "capture/postgres/run/source_tables.h"
#include "meta/database.h"

namespace caudal::capture::postgres {

class SnapshotReader;
struct SnapshotPoint;

struct CaptureLimits {
  uint64_t memory = 64u << 20;  // of rows; beyond, they are in files until the batch ends
  // Of transactions that come before they end; beyond, they are in files until then.
  uint64_t streamed_memory = 16u << 20;
  // A batch ends with the transaction that reaches one of these.
  int64_t batch_rows = 500'000;
  uint64_t batch_bytes = 256u << 20;
  // The longest pause between batches, while much comes; little is landed at once.
  std::chrono::milliseconds batch_interval{200};
  std::chrono::seconds catalog_interval{2};  // between looks for new tables, and at the slot
  std::chrono::milliseconds retry_min{200};
  std::chrono::milliseconds retry_max{30'000};
};

// Everything that it makes is safe to be cut off at any moment: what is landed is landed once, and
// the source keeps what isn't. Run is of one thread; all else of any.
class SourceCapture {
 public:
  struct Parts {
    Landing& landing;
    Ledger& ledger;
    meta::Database& database;
    HistoryTables& histories;
    Clock& clock;
    // After each batch, on the thread that runs. Short.
    std::function<void(const LandedChanges&)> landed;
  };
  // References must outlive it.
  SourceCapture(SourceOptions options, CaptureLimits limits, Parts parts);
  ~SourceCapture();

  // Until Stop. Errors that pass are met with another try, later each time; after one that doesn't
  // it waits for Restart.
  void Run();
  void Stop();
  // Tries again now, whatever it waits for.
  void Restart();
  // Tables with new rows to read (Ledger::AddTable) are read soon.
  void ReadTables();

  // Cuts the stream at a snapshot of the source: runs `task` on the thread that runs, when all that
  // was committed before the snapshot is landed, and nothing of what came after. The snapshot lives
  // until `task` returns; then the stream goes on. Waits for that, from any other thread; an error
  // of `task` is the caller's alone. kUnavailable while it doesn't stream, or another waits;
  // kTimeout when transactions of the source last too long; kCancelled before it began, by `stop`
  // or Stop.
  Result<void> AtCut(const std::function<Result<void>(const SnapshotPoint&)>& task,
                     const std::stop_token& stop) EXCLUDES(mutex_);

  CaptureStatus status() const EXCLUDES(mutex_);
  const SourceOptions& options() const { return options_; }

 private:
  struct Session;
  struct Cut;
  struct MadeCut;

  Result<void> RunOnce();
  // source_begin.cc: checks, publication, slot, epoch.
  Result<void> Prepare(Session& session);
  Result<void> BeginSource(Session& session, const std::string& identity,
                           const std::optional<SlotState>& slot);
  Result<CreatedSlot> MakeSlot(Connection& replication, const std::string& name, bool temporary,
                               std::chrono::seconds wait) EXCLUDES(mutex_);
  Result<void> CheckSlotFits(const Session& session, const SourceProgress& progress,
                             const std::optional<SlotState>& slot) const;
  Result<void> ReadUnread(Session& session);  // source_reading.cc
  // source_cuts.cc. A snapshot, up to whose position all is landed. Without a stream; of no use
  // when stopping.
  Result<MadeCut> MakeCut(Session& session, std::chrono::seconds wait);
  Result<void> TakeCut(Session& session) EXCLUDES(mutex_);
  void EndCut(Result<void> result) EXCLUDES(mutex_);
  // source_stream.cc. Until Stop, or tables are to be read; with a limit, until all that was
  // committed before it is landed.
  Result<void> Stream(Session& session, std::optional<caudal::postgres::Lsn> limit);
  Result<void> Land(Session& session);
  Result<void> Advance(Session& session, caudal::postgres::Lsn position);
  Result<void> LookAround(Session& session);
  Result<void> LookAtSlot(Connection& connection);
  void GuardStopped();

  void SetState(CaptureState state) EXCLUDES(mutex_);
  void Failed(const Error& error, bool retry) EXCLUDES(mutex_);
  bool WaitForNextTry(std::chrono::milliseconds wait) EXCLUDES(mutex_);
  template <class Change>
  void Show(const Change& change) EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    change(status_);
  }
  bool stopping() const { return stopping_; }

  const SourceOptions options_;
  const CaptureLimits limits_;
  const Parts parts_;
  std::atomic<bool> stopping_ = false;
  std::atomic<bool> read_tables_ = false;
  std::atomic<bool> cut_wanted_ = false;
  SlotWatch slot_watch_;  // of the thread that runs

  mutable Mutex mutex_;
  CondVar wake_;
  bool again_ GUARDED_BY(mutex_) = false;
  CaptureStatus status_ GUARDED_BY(mutex_);
  SnapshotReader* reader_ GUARDED_BY(mutex_) = nullptr;    // while it runs
  const Canceller* waiting_ GUARDED_BY(mutex_) = nullptr;  // of a statement that may take long
  CondVar cut_done_;
  Cut* cut_ GUARDED_BY(mutex_) = nullptr;  // of who waits for it
};

}  // namespace caudal::capture::postgres
