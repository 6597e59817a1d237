#include "pipeline/source_pipeline.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <utility>

#include "base/log.h"
#include "capture/postgres/slot.h"

namespace caudal::pipeline {
namespace {

using capture::postgres::Lsn;
using std::chrono::milliseconds;
using std::chrono::steady_clock;

// The source notices a moment later that its reader is gone.
constexpr std::chrono::seconds kDropWait{15};

Result<void> DropOldSlot(capture::postgres::Connection& connection, const std::string& slot) {
  const auto deadline = steady_clock::now() + kDropWait;
  while (true) {
    Result<void> dropped = capture::postgres::DropSlot(connection, slot);
    if (dropped.ok() || !dropped.error().Is(ErrorKind::kUnavailable)) return dropped;
    if (steady_clock::now() > deadline) return dropped;
    std::this_thread::sleep_for(milliseconds(50));
  }
}

// All that were added, also when some were deleted since.
int64_t RowsOf(const lake::TableMetadata& metadata) {
  const lake::Snapshot* snapshot = metadata.current_snapshot();
  if (snapshot == nullptr) return 0;
  const auto total = snapshot->summary.find("total-records");
  int64_t rows = 0;
  if (total != snapshot->summary.end())
    std::from_chars(total->second.data(), total->second.data() + total->second.size(), rows);
  return rows;
}

// Batches that are in tables stay in the ledger so long.
constexpr Micros kLedgerKeep = 24LL * 3600 * 1'000'000;
constexpr std::chrono::seconds kForgetInterval{10};
constexpr int kForgetMax = 5'000;
// After which no query reads a replica any more that another one took the place of.
constexpr std::chrono::minutes kOldReplicasKeep{10};

constexpr milliseconds kRetryMin{100};
constexpr milliseconds kRetryMax{10'000};

}  // namespace

SourcePipeline::SourcePipeline(Options options, Parts parts)
    : options_(std::move(options)),
      parts_(parts),
      raw_tables_(
          {options_.source.name, options_.dataset, kDefaultSchema, [this] { return Drain(); },
           [this](const std::string& folder) { return Gathering(folder); }},
          parts_.catalog),
      applier_(options_.apply, {raw_tables_, parts_.catalog, parts_.ledger, parts_.database,
                                parts_.writer, parts_.store, parts_.parquet}),
      capture_(options_.source, options_.limits,
               {parts_.landing, parts_.ledger, parts_.database, raw_tables_, parts_.clock,
                [this](const capture::LandedChanges& landed) { Landed(landed); }}) {}

SourcePipeline::~SourcePipeline() { Stop(); }

void SourcePipeline::Start() {
  // Before the capture says up to where all is landed: what waits to be applied isn't visible.
  const auto progress = parts_.ledger.ProgressOf(options_.source.name);
  if (progress.ok() && *progress) {
    MutexLock lock(mutex_);
    landed_ = std::max(landed_, (*progress)->last_batch);
    done_ = std::max(done_, (*progress)->applied_batch);
  }
  applying_ = std::thread([this] { ApplyAll(); });
  capturing_ = std::thread([this] { capture_.Run(); });
}

void SourcePipeline::Stop() {
  {
    MutexLock lock(mutex_);
    stopping_ = true;
    wake_.NotifyAll();
    applied_.NotifyAll();
  }
  capture_.Stop();
  if (capturing_.joinable()) capturing_.join();
  if (applying_.joinable()) applying_.join();
}

void SourcePipeline::Restart() {
  {
    MutexLock lock(mutex_);
    again_ = true;
    wake_.NotifyAll();
  }
  capture_.Restart();
}

void SourcePipeline::Landed(const capture::LandedChanges& landed) {
  applier_.Expect(landed);
  MutexLock lock(mutex_);
  landed_ = std::max(landed_, landed.batch.number);
  look_ = true;
  for (const capture::LandedFile& file : landed.batch.files)
    counts_[file.table].landed += file.rows;
  wake_.NotifyAll();
}

Result<bool> SourcePipeline::ApplyOnce() {
  std::optional<AppliedBatches> applied;
  {
    MutexLock lock(applying_mutex_);
    applied = TRY(applier_.ApplyNext());
  }
  if (!applied) return false;
  if (!applied->incomplete.empty()) {
    LogWarning("a value that didn't change isn't known here: its table is read anew",
               {{"source", options_.source.name}, {"table", applied->incomplete.front()}});
    capture_.ReadTables();
  }
  if (applied->shown) shown_at_ = steady_clock::now();
  for (const auto& [folder, rows] : applied->quarantined)
    LogWarning("rows can't be applied: they are in the table's quarantine",
               {{"source", options_.source.name}, {"table", folder}, {"rows", rows}});
  MutexLock lock(mutex_);
  done_ = applied->last;
  visible_ = {applied->position.commit};
  status_.applied_at = parts_.clock.Now();
  if (applied->committed_at) status_.committed_at = applied->committed_at;
  for (const auto& [folder, rows] : applied->rows) {
    status_.rows_applied += rows;
    counts_[folder].applied += rows;
  }
  ++status_.commits;
  applied_.NotifyAll();
  return true;
}

void SourcePipeline::ApplyAll() {
  milliseconds wait = kRetryMin;
  while (true) {
    {
      MutexLock lock(mutex_);
      while (!stopping_ && done_ >= landed_ && !look_) wake_.Wait(mutex_);
      if (stopping_) return;
      look_ = false;
    }
    Result<bool> done = ApplyOnce();
    if (done.ok() && *done) Forget();
    MutexLock lock(mutex_);
    if (done.ok()) {
      // The ledger has nothing more: what was told of it is in it, always.
      if (!*done) done_ = landed_;
      status_.apply_error.reset();
      status_.apply_stopped = false;
      wait = kRetryMin;
      continue;
    }
    const bool retry = RetryRuleOf(done.error().kind).retry;
    if (!status_.apply_error || status_.apply_error->code != done.error().code)
      LogWarning("changes can't be applied", {{"source", options_.source.name},
                                              {"error", done.error().message},
                                              {"code", done.error().code},
                                              {"again", retry}});
    status_.apply_error = done.error();
    status_.apply_stopped = !retry;
    applied_.NotifyAll();
    const auto until = steady_clock::now() + wait;
    while (!stopping_ && !again_) {
      if (!retry) {
        wake_.Wait(mutex_);
      } else if (!wake_.WaitUntil(mutex_, until)) {
        break;
      }
    }
    again_ = false;
    if (stopping_) return;
    wait = std::min(wait * 2, kRetryMax);
  }
}

// What was applied long ago: the ledger doesn't grow for ever.
void SourcePipeline::Forget() {
  const auto now = steady_clock::now();
  if (now - forgot_at_ < kForgetInterval) return;
  forgot_at_ = now;
  DropOldReplicas();
  const Micros before = parts_.clock.Now() - kLedgerKeep;
  const Result<int64_t> forgotten = parts_.database.Write([&](meta::Tx& tx) {
    return capture::Ledger::Forget(tx, options_.source.name, before, kForgetMax);
  });
  if (!forgotten.ok())
    LogWarning("old entries stay in the ledger",
               {{"source", options_.source.name}, {"error", forgotten.error().message}});
}

// Who looks at replicas that aren't seen any more has had time to end.
void SourcePipeline::DropOldReplicas() {
  if (steady_clock::now() - shown_at_ < kOldReplicasKeep) return;
  const auto all = parts_.ledger.TablesOf(options_.source.name);
  if (!all.ok()) return;
  for (const capture::CapturedTable& table : *all) {
    if (table.shown != table.incarnation) continue;
    const Result<lake::SharedMetadata> dropped = raw_tables_.DropOld(table.schema, table.table);
    if (dropped.ok() && *dropped != nullptr) parts_.writer.Forget(**dropped);
    if (!dropped.ok())
      LogWarning("a replica that was replaced stays", {{"source", options_.source.name},
                                                       {"table", table.folder},
                                                       {"error", dropped.error().message}});
  }
}

Result<bool> SourcePipeline::Gathering(const std::string& folder) const {
  const std::vector<capture::CapturedTable> all = TRY(parts_.ledger.TablesOf(options_.source.name));
  const auto found = std::ranges::find(all, folder, &capture::CapturedTable::folder);
  return found != all.end() && found->shown != found->incarnation;
}

Result<void> SourcePipeline::Drain(bool hasty) {
  MutexLock lock(mutex_);
  const int64_t last = landed_;
  while (done_ < last) {
    if (stopping_)
      return MakeError(ErrorKind::kCancelled, "the source is being stopped", "pipeline.stopping");
    if (status_.apply_stopped || (hasty && status_.apply_error))
      return MakeError(ErrorKind::kConflict,
                       "changes that are landed can't be applied: " + status_.apply_error->message,
                       "pipeline.apply_stopped");
    applied_.Wait(mutex_);
  }
  return {};
}

Result<void> SourcePipeline::AtCut(
    const std::function<Result<void>(const capture::postgres::SnapshotPoint&)>& task,
    const std::stop_token& stop) {
  return capture_.AtCut(
      [&](const capture::postgres::SnapshotPoint& point) -> Result<void> {
        TRY(Drain(true));  // nothing is captured meanwhile
        return task(point);
      },
      stop);
}

Result<void> SourcePipeline::ReadAnew(const std::vector<std::string>& folders) {
  const std::string& source = options_.source.name;
  const std::vector<capture::CapturedTable> all = TRY(parts_.ledger.TablesOf(source));
  std::vector<capture::CapturedTable> again;
  for (const std::string& folder : folders) {
    const auto found = std::ranges::find(all, folder, &capture::CapturedTable::folder);
    if (found == all.end())
      return MakeError(ErrorKind::kNotFound,
                       fmt::format("the source '{}' has no table {}", source, folder),
                       "source.table_not_found");
    again.push_back(*found);
  }
  if (folders.empty()) {
    again = all;
    Result<std::unique_ptr<capture::postgres::Connection>> connection =
        capture::postgres::Connection::Connect(options_.source.connection,
                                               capture::postgres::Purpose::kNormal);
    if (!connection.ok()) return std::move(connection).error();
    TRY(DropOldSlot(**connection, options_.source.slot));
  }
  return parts_.database.Write([&](meta::Tx& tx) -> Result<void> {
    for (const capture::CapturedTable& table : again)
      TRY(capture::Ledger::AddTable(tx, source, table));
    // Without an identity: the next start makes one, with its slot.
    if (folders.empty()) TRY(capture::Ledger::BeginEpoch(tx, source, "", 0));
    return {};
  });
}

Result<void> SourcePipeline::WhileStill(const std::function<Result<void>()>& task) {
  MutexLock lock(applying_mutex_);
  return task();
}

capture::postgres::CaptureState StateOf(const SourceStatus& status) {
  return status.apply_stopped ? capture::postgres::CaptureState::kStopped : status.capture.state;
}

SourceStatus SourcePipeline::status() const {
  SourceStatus status;
  const capture::postgres::CaptureStatus capturing = capture_.status();
  {
    MutexLock lock(mutex_);
    status = status_;
    status.batches_landed = std::max<int64_t>(landed_ - done_, 0);
    status.visible = done_ >= landed_ ? std::max(visible_, capturing.landed) : visible_;
  }
  status.capture = capturing;
  const Lsn end = capturing.server_end;
  status.lag_bytes = end > status.visible ? end.value - status.visible.value : 0;
  if (status.lag_bytes == 0) {
    status.lag_seconds = 0;
  } else if (status.committed_at) {
    status.lag_seconds =
        static_cast<double>(std::max<Micros>(parts_.clock.Now() - *status.committed_at, 0)) / 1e6;
  }
  return status;
}

// By the name of the quarantine, of those that are there.
Result<std::map<std::string, int64_t>> SourcePipeline::QuarantinedRows() const {
  constexpr int kPage = 1'000;
  std::map<std::string, int64_t> rows;
  std::string token;
  do {
    Result<lake::TablePage> page = parts_.catalog.ListTables({options_.dataset}, token, kPage);
    if (!page.ok() && page.error().Is(ErrorKind::kNotFound)) return rows;
    if (!page.ok()) return std::move(page).error();
    for (const lake::TableName& name : page->tables) {
      if (!name.name.ends_with(kQuarantineEnd)) continue;
      const Result<lake::LoadedTable> table = parts_.catalog.Load(name);
      if (!table.ok()) continue;  // it went meanwhile
      rows[name.name] = RowsOf(*table->metadata);
    }
    token = page->next_page_token;
  } while (!token.empty());
  return rows;
}

Result<int64_t> SourcePipeline::quarantined() const {
  int64_t rows = 0;
  for (const auto& [name, of_table] : TRY(QuarantinedRows())) rows += of_table;
  return rows;
}

Result<std::vector<SourceTableStatus>> SourcePipeline::tables() const {
  std::vector<SourceTableStatus> tables;
  for (capture::CapturedTable& table : TRY(parts_.ledger.TablesOf(options_.source.name))) {
    TablePair pair = raw_tables_.PairOf(table.schema, table.table);
    tables.push_back({std::move(table), std::move(pair)});
  }
  const std::map<std::string, int64_t> quarantined = TRY(QuarantinedRows());
  for (SourceTableStatus& table : tables) {
    const auto found = quarantined.find(table.tables.quarantine.name);
    if (found != quarantined.end()) table.quarantined = found->second;
  }
  MutexLock lock(mutex_);
  for (SourceTableStatus& table : tables) {
    const auto counts = counts_.find(table.captured.folder);
    if (counts == counts_.end()) continue;
    table.changes_landed = counts->second.landed;
    table.changes_applied = counts->second.applied;
  }
  return tables;
}

}  // namespace caudal::pipeline
