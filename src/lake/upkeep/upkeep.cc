#include "lake/upkeep/upkeep.h"

#include <algorithm>
#include <utility>

#include "base/log.h"

namespace caudal::lake {
namespace {

constexpr std::chrono::seconds kPoll{1};  // also without a commit of this process
constexpr std::chrono::seconds kRetryFirst{2};
constexpr std::chrono::seconds kRetryMax{600};
constexpr int kRounds = 4;  // of one table, before it is another's turn
constexpr int kRemovalFactor = 20;

}  // namespace

Upkeep::Upkeep(UpkeepOptions options, Writer& writer, meta::Database& database)
    : options_(std::move(options)),
      writer_(writer),
      compactor_(writer, options_.compaction, stop_),
      remover_(writer.catalog(), writer.context().store, database, writer.context().clock,
               options_.removal, stop_) {}

void Upkeep::Start() {
  compact_ = std::thread([this] { CompactLoop(); });
  remove_ = std::thread([this] { RemoveLoop(); });
}

void Upkeep::Stop() {
  {
    MutexLock lock(mutex_);
    stop_ = true;
    wake_.NotifyAll();
  }
  if (compact_.joinable()) compact_.join();
  if (remove_.joinable()) remove_.join();
}

bool Upkeep::Sleep(std::chrono::milliseconds time) {
  const Time until = std::chrono::steady_clock::now() + time;
  MutexLock lock(mutex_);
  while (!stop_ && std::chrono::steady_clock::now() < until) wake_.WaitUntil(mutex_, until);
  return !stop_;
}

Result<CompactionReport> Upkeep::Compact(const TableName& table, bool everything) {
  MutexLock lock(compacting_);
  if (stop_) return MakeError(ErrorKind::kCancelled, "compaction has stopped");
  return everything ? compactor_.RunAll(table) : compactor_.Run(table, kRounds);
}

Result<RemovalReport> Upkeep::Remove() {
  MutexLock lock(removing_);
  if (outside_ != nullptr) {
    MutexLock compacting(compacting_);
    if (stop_) return MakeError(ErrorKind::kCancelled, "the removal of files stops");
    TRY(outside_->Prepare());
  }
  return remover_.Run(outside_);
}

void Upkeep::SetOtherFiles(OtherFiles* outside) {
  MutexLock lock(removing_);
  outside_ = outside;
}

void Upkeep::CompactLoop() {
  uint64_t changes = 0;
  Time polled;
  while (Sleep(options_.tick)) {
    const uint64_t now = writer_.catalog().changes();
    // A few commits can't be enough for any table.
    if (now - changes < static_cast<uint64_t>(options_.commits_min) &&
        std::chrono::steady_clock::now() - polled < kPoll)
      continue;
    changes = now;
    polled = std::chrono::steady_clock::now();
    LookAtTables();
  }
}

void Upkeep::LookAtTables() {
  const Result<std::vector<ListedTable>> tables = writer_.catalog().AllTables();
  if (!tables.ok()) {
    LogWarning("tables can't be listed for their upkeep; it is tried again",
               {{"reason", tables.error().message}});
    return;
  }
  for (auto& [uuid, seen] : seen_) seen.listed = false;
  for (const ListedTable& table : *tables) {
    if (stop_) return;
    Seen& seen = seen_[table.uuid];
    seen.listed = true;
    const Time now = std::chrono::steady_clock::now();
    const int64_t commits = table.commits - seen.commits;
    if (now < seen.next) continue;
    if (commits == 0) {
      if (seen.settled != table.commits && now - seen.looked >= options_.interval)
        Settle(table, seen);
      continue;
    }
    if (commits < options_.commits_min && seen.commits >= 0 &&
        now - seen.looked < options_.interval)
      continue;
    LookAt(table, seen);
  }
  std::erase_if(seen_, [](const auto& seen) { return !seen.second.listed; });
}

void Upkeep::LookAt(const ListedTable& table, Seen& seen) {
  const Result<bool> needed = compactor_.MayNeed(table.name);
  Result<CompactionReport> report = CompactionReport();
  if (!needed.ok()) {
    report = needed.error();
  } else if (*needed) {
    report = Compact(table.name, false);
  }
  seen.looked = std::chrono::steady_clock::now();
  if (!report.ok()) return Failed(table, seen, report.error());
  seen.failures = 0;
  seen.error.clear();
  if (report->given_up > 0) {
    // Somebody else rewrites it, or changes much of it: soon again.
    seen.next = seen.looked + kRetryFirst;
    return;
  }
  // Not all may have been done: then the next look, a moment later, goes on.
  seen.commits = report->commits >= kRounds ? -1 : table.commits;
  if (report->commits > 0)
    LogDebug("a table is compacted", {{"table", TextOf(table.name)},
                                      {"files", std::to_string(report->removed_data_files)},
                                      {"into", std::to_string(report->added_data_files)},
                                      {"rows", std::to_string(report->rows)}});
}

void Upkeep::Settle(const ListedTable& table, Seen& seen) {
  Result<CompactionReport> report = CompactionReport();
  {
    MutexLock lock(compacting_);
    report = compactor_.RunSettled(table.name, kRounds);
  }
  seen.looked = std::chrono::steady_clock::now();
  if (!report.ok()) return Failed(table, seen, report.error());
  // Its own commits make the table one that is looked at again.
  seen.settled = table.commits;
}

void Upkeep::Failed(const ListedTable& table, Seen& seen, const Error& error) {
  // Dropped or renamed meanwhile, or the end.
  if (error.Is(ErrorKind::kNotFound) || error.Is(ErrorKind::kCancelled)) return;
  const auto wait =
      std::min<std::chrono::seconds>(kRetryFirst * (1 << std::min(seen.failures, 9)), kRetryMax);
  ++seen.failures;
  seen.next = seen.looked + wait;
  if (seen.error != error.message)
    LogWarning("a table can't be compacted; it is tried again",
               {{"table", TextOf(table.name)}, {"reason", error.message}});
  seen.error = error.message;
}

void Upkeep::RemoveLoop() {
  std::chrono::milliseconds wait = options_.removal_interval;
  std::string last;
  while (Sleep(wait)) {
    const Time begin = std::chrono::steady_clock::now();
    const Result<RemovalReport> report = Remove();
    const auto took = std::chrono::duration_cast<std::chrono::milliseconds>(
        std::chrono::steady_clock::now() - begin);
    wait = std::max(options_.removal_interval, took * kRemovalFactor);
    if (report.ok()) {
      last.clear();
      if (report->removed > 0)
        LogInfo("files that no table needs are removed",
                {{"files", std::to_string(report->removed)}});
    } else if (!report.error().Is(ErrorKind::kCancelled) && last != report.error().message) {
      last = report.error().message;
      LogWarning("the removal of files that no table needs failed; it is tried again",
                 {{"reason", last}});
    }
  }
}

}  // namespace caudal::lake
