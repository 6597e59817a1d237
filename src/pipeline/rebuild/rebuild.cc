#include "pipeline/rebuild/rebuild.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <optional>
#include <vector>

#include "base/failpoint.h"
#include "base/log.h"
#include "capture/landing/ledger.h"
#include "lake/files/table_file_reader.h"
#include "pipeline/rebuild/history_files.h"
#include "pipeline/replica_changes.h"

namespace caudal::pipeline {
namespace {

using capture::CapturedTable;
using std::chrono::steady_clock;

// What is left for the moment in which nothing is applied.
constexpr int64_t kFewRows = 20'000;
constexpr int kRoundsMax = 20;
constexpr int kTriesMax = 5;

// The first row behind a position, of rows in order.
int64_t FirstBehind(const Array& positions, const std::string& position) {
  int64_t low = 0;
  int64_t high = positions.length();
  while (low < high) {
    const int64_t middle = low + (high - low) / 2;
    if (positions.bytes(middle) <= position)
      low = middle + 1;
    else
      high = middle;
  }
  return low;
}

}  // namespace

// One transaction, from the table's beginning to its commit.
class Rebuild::Attempt {
 public:
  Attempt(Rebuild& rebuild, SourcePipeline& pipeline, SourceTableStatus table)
      : rebuild_(rebuild),
        pipeline_(pipeline),
        names_(std::move(table.tables)),
        captured_(std::move(table.captured)),
        files_(pipeline.parts().writer) {
    report_.table = names_.replica;
  }

  Result<RebuildReport> Run() {
    for (int round = 0; round < kRoundsMax; ++round) {
      const int64_t before = report_.changes;
      TRY(CatchUp());
      if (report_.changes - before <= kFewRows) break;
    }
    FAILPOINT("pipeline.rebuild.replayed");
    TRY(pipeline_.WhileStill([&]() -> Result<void> {
      TRY(CatchUp());
      return Commit();
    }));
    return report_;
  }

 private:
  Error Incomplete(std::string_view why) const {
    return MakeError(ErrorKind::kConflict,
                     fmt::format("the history '{}' doesn't hold all that the table '{}' is made "
                                 "of: {}. Read it anew: caudal sources resnapshot {} {}",
                                 lake::TextOf(names_.history), lake::TextOf(names_.replica), why,
                                 pipeline_.options().source.name, captured_.folder),
                     "pipeline.history_incomplete");
  }

  // All that is in the history now.
  Result<void> CatchUp() {
    rebuild_.Show([](RebuildProgress& progress) { progress.step = RebuildStep::kReading; });
    const CapturedTable now = TRY(TableNow());
    const lake::LoadedTable history = TRY(pipeline_.parts().catalog.Load(names_.history));
    TRY(files_.Read(*history.metadata, rebuild_.stop()));
    const std::string emptied = files_.emptied();
    // What was replayed before the table was emptied is of no use.
    if (write_ == nullptr || emptied > begun_behind_) {
      TRY(CheckWhole(*history.metadata, now, emptied));
      TRY(Begin(emptied));
    } else {
      TRY(CheckKept(*history.metadata, done_));
    }
    rebuild_.Show([](RebuildProgress& progress) { progress.step = RebuildStep::kReplaying; });
    for (const HistoryFile& file : files_.files())
      if (file.last > done_) TRY(Replay(file));
    if (changes_->incomplete()) return Incomplete("a change says less than all of its row");
    return {};
  }

  Result<CapturedTable> TableNow() const {
    const std::vector<CapturedTable> all =
        TRY(pipeline_.parts().ledger.TablesOf(pipeline_.options().source.name));
    const auto now = std::ranges::find(all, captured_.folder, &CapturedTable::folder);
    // What is seen may have another key than the changes, and is replaced with other tables.
    if (now != all.end() && now->state == capture::TableState::kRead &&
        now->shown == now->incarnation)
      return *now;
    return MakeError(ErrorKind::kConflict,
                     fmt::format("rows of {} are still being read from the source: then the table "
                                 "is made anew anyway",
                                 captured_.folder),
                     "pipeline.table_reading");
  }

  // No row behind `position` may be gone.
  Result<void> CheckKept(const lake::TableMetadata& history, const std::string& position) const {
    const auto dropped = history.properties.find(kDroppedUpToProperty);
    if (dropped == history.properties.end() || position >= dropped->second) return {};
    return Incomplete(fmt::format("changes up to {} went after landing.keep", dropped->second));
  }

  // From `emptied` on; from the beginning, when it is empty.
  Result<void> CheckWhole(const lake::TableMetadata& history, const CapturedTable& now,
                          const std::string& emptied) const {
    TRY(CheckKept(history, emptied));
    const bool read_since = now.read_at && emptied < now.read_at->Text();
    if (read_since && files_.reads() < now.rows_read)
      return Incomplete(fmt::format("{} rows were read from the source, and it has {} of them",
                                    now.rows_read, files_.reads()));
    return {};
  }

  Result<void> Begin(const std::string& behind) {
    changes_.reset();
    write_ = pipeline_.parts().writer.Begin();
    TRY(write_->Replace(names_.replica));
    changes_ = TRY(ReplicaChanges::Open(*write_, names_, ChangeAge::kAny));
    changes_->Clear();
    report_.quarantined = 0;
    begun_behind_ = behind;
    done_ = behind;
    return {};
  }

  Result<void> Replay(const HistoryFile& file) {
    const SourcePipeline::Parts& parts = pipeline_.parts();
    lake::TableFileReader reader = TRY(lake::TableFileReader::Open(
        parts.store, parts.parquet, file.file->file, changes_->layout().read));
    const int64_t left = files_.RowsBehind(file.last);
    int64_t left_here = reader.rows();
    while (auto read = TRY(reader.Next())) {
      if (rebuild_.stop().stop_requested())
        return MakeError(ErrorKind::kCancelled, "the rebuild was cancelled", "rebuild.cancelled");
      Batch rows = std::move(read->batch);
      left_here -= rows.rows();
      const Array& positions = rows.column(changes_->layout().caudal).children()[kCaudalPosition];
      const int64_t from = FirstBehind(positions, done_);
      if (from == rows.rows()) continue;
      std::string last(positions.bytes(rows.rows() - 1));
      if (from > 0) rows = rows.Slice(from, rows.rows() - from);
      report_.changes += rows.rows();
      // They are in the quarantine already.
      const std::vector<QuarantinedRow> bad = TRY(changes_->Put(std::move(rows), false));
      report_.quarantined += static_cast<int64_t>(bad.size());
      done_ = std::move(last);
      rebuild_.Show([&](RebuildProgress& progress) {
        progress.changes = report_.changes;
        progress.changes_left = left + left_here;
      });
    }
    return {};
  }

  Result<void> Commit() {
    rebuild_.Show([](RebuildProgress& progress) { progress.step = RebuildStep::kCommitting; });
    if (!done_.empty()) TRY(write_->Note(names_.replica, kPositionNote, done_));
    FAILPOINT("pipeline.rebuild.commit");
    for (const lake::CommittedTable& committed : TRY(write_->Commit()))
      if (committed.name == names_.replica) report_.rows = committed.added_rows;
    report_.position = done_;
    return {};
  }

  Rebuild& rebuild_;
  SourcePipeline& pipeline_;
  const TablePair names_;
  const CapturedTable captured_;
  HistoryFiles files_;
  std::unique_ptr<lake::WriteTransaction> write_;
  std::unique_ptr<ReplicaChanges> changes_;  // of it
  std::string begun_behind_;                 // positions
  std::string done_;
  RebuildReport report_;
};

Result<RebuildReport> Rebuild::Try(SourcePipeline& pipeline) {
  std::optional<SourceTableStatus> found;
  for (SourceTableStatus& table : TRY(pipeline.tables()))
    if (table.tables.replica == table_) found = std::move(table);
  if (!found)
    return MakeError(ErrorKind::kNotFound,
                     fmt::format("the table '{}' is no replica of the source '{}'",
                                 lake::TextOf(table_), pipeline.options().source.name),
                     "source.table_not_found");
  return Attempt(*this, pipeline, *std::move(found)).Run();
}

Result<RebuildReport> Rebuild::Do(SourcePipeline& pipeline) {
  const auto begun = steady_clock::now();
  Result<RebuildReport> done = Try(pipeline);
  // The source's columns changed meanwhile.
  for (int tries = 1; !done.ok() && done.error().code == "table.changed" && tries < kTriesMax;
       ++tries)
    done = Try(pipeline);
  if (!done.ok()) {
    LogWarning("a replica isn't rebuilt", {{"table", lake::TextOf(table_)},
                                           {"error", done.error().message},
                                           {"code", done.error().code}});
    return done;
  }
  done->seconds = std::chrono::duration<double>(steady_clock::now() - begun).count();
  LogInfo("a replica is rebuilt from its history", {{"table", lake::TextOf(table_)},
                                                    {"position", done->position},
                                                    {"changes", done->changes},
                                                    {"rows", done->rows},
                                                    {"seconds", done->seconds}});
  return done;
}

}  // namespace caudal::pipeline
