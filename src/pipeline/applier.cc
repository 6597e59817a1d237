#include "pipeline/applier.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <set>
#include <utility>

#include "base/failpoint.h"
#include "base/log.h"
#include "lake/files/table_file_reader.h"
#include "lake/written_file.h"
#include "pipeline/keyed_rows.h"
#include "pipeline/replica_changes.h"

namespace caudal::pipeline {
namespace {

using capture::LandedBatch;
using capture::LandedFile;

constexpr size_t kExpectedMax = 4'096;
constexpr int kConflictsMax = 5;

std::string UriOf(const LandedFile& file) { return "gs://" + file.bucket + "/" + file.object; }

bool HasFresh(const LandedBatch& batch) {
  return std::ranges::any_of(batch.files, &LandedFile::fresh);
}

// The last row that empties a table, among the files that are applied together.
struct Emptied {
  size_t file = 0;  // number among the table's
  int64_t row = 0;
};

}  // namespace

// One try of a commit.
class Applier::Attempt {
 public:
  Attempt(Applier& applier, const std::vector<LandedBatch>& batches,
          std::map<std::string, Emptied>& emptied)
      : applier_(applier),
        batches_(batches),
        emptied_(emptied),
        write_(applier.parts_.writer.Begin()) {}

  // False: a row was found that empties a table, and what came before it was taken already: begin
  // again.
  Result<bool> Run() {
    for (const LandedBatch& batch : batches_)
      for (const LandedFile& file : batch.files) {
        Result<bool> done = Apply(file);
        if (!done.ok()) return std::move(done).error().Within(file.table);
        if (!*done) return false;
      }
    TRY(Commit());
    return true;
  }

  AppliedBatches report() const {
    AppliedBatches report;
    const LandedBatch& last = batches_.back();
    report.last = last.number;
    for (const LandedBatch& batch : batches_)
      for (const LandedFile& file : batch.files) report.rows[file.table] += file.rows;
    report.quarantined = quarantined_;
    report.position = last.last;
    report.committed_at = last.committed_at;
    report.incomplete.assign(incomplete_.begin(), incomplete_.end());
    return report;
  }

 private:
  struct Table {
    std::unique_ptr<ReplicaChanges> replica;
    size_t files = 0;

    const TablePair& names() const { return replica->names(); }
  };

  Result<Table*> TableOf(const std::string& folder) {
    const auto found = tables_.find(folder);
    if (found != tables_.end()) return &found->second;
    const SourceName name = TRY(SplitTableFolder(folder));
    Table table;
    table.replica =
        TRY(ReplicaChanges::Open(*write_, applier_.parts_.tables.PairOf(name.schema, name.table)));
    return &tables_.emplace(folder, std::move(table)).first->second;
  }

  Result<bool> Apply(const LandedFile& file) {
    Table* table = TRY(TableOf(file.table));
    const size_t number = table->files++;
    lake::DataFile described = TRY(applier_.DescriptionOf(file, table->replica->history()));
    const auto emptied = emptied_.find(file.table);
    const bool passed_over = emptied != emptied_.end() && number < emptied->second.file;
    if (!passed_over) {
      const int64_t from =
          emptied != emptied_.end() && number == emptied->second.file ? emptied->second.row + 1 : 0;
      if (from > 0) table->replica->Clear();
      if (!TRY(ApplyRows(*table, file, described, number, from))) return false;
    }
    TRY(write_->AddFile(table->names().history, std::move(described)));
    return true;
  }

  Result<bool> ApplyRows(Table& table, const LandedFile& file, const lake::DataFile& described,
                         size_t number, int64_t from) {
    lake::TableFileReader reader = TRY(lake::TableFileReader::Open(
        applier_.parts_.store, applier_.parts_.parquet, described, table.replica->layout().read));
    while (auto read = TRY(reader.Next())) {
      Batch rows = std::move(read->batch);
      const int64_t skip = from - read->first_row;
      if (skip >= rows.rows()) continue;
      if (skip > 0) rows = rows.Slice(skip, rows.rows() - skip);
      const int64_t truncate = LastTruncate(table.replica->layout(), rows);
      if (truncate >= 0) {
        emptied_[file.table] = {number, read->first_row + std::max<int64_t>(skip, 0) + truncate};
        return false;
      }
      const std::vector<QuarantinedRow> bad = TRY(table.replica->Put(std::move(rows), file.fresh));
      if (!bad.empty()) TRY(Quarantine(table, file, bad));
    }
    if (table.replica->incomplete()) incomplete_.insert(file.table);
    return true;
  }

  Result<void> Quarantine(const Table& table, const LandedFile& file,
                          const std::vector<QuarantinedRow>& bad) {
    const TablePair& names = table.names();
    TRY(applier_.parts_.tables.OpenQuarantine(names, file.table));
    const Schema columns = TRY(write_->SchemaOf(names.quarantine));
    const Micros now = applier_.parts_.writer.context().clock.Now();
    const Batch rows = TRY(QuarantineBatch(columns, bad, now));
    quarantined_[file.table] += rows.rows();
    return write_->Append(names.quarantine, rows);
  }

  Result<void> Commit() {
    for (const auto& [folder, emptied] : emptied_)
      TRY(write_->Replace(tables_.at(folder).names().replica));
    const LandedBatch& last = batches_.back();
    for (const auto& [folder, table] : tables_)
      for (const lake::TableName* name : {&table.names().replica, &table.names().history})
        TRY(write_->Note(*name, kPositionNote, last.last.Text()));
    const std::string& source = applier_.options_.source;
    std::vector<capture::CapturedTable> again;
    if (!incomplete_.empty())
      for (capture::CapturedTable& table : TRY(applier_.parts_.ledger.TablesOf(source)))
        if (incomplete_.contains(table.folder)) again.push_back(std::move(table));
    const auto note = [&](meta::Tx& tx) -> Result<void> {
      for (const capture::CapturedTable& table : again)
        TRY(capture::Ledger::AddTable(tx, source, table));
      return capture::Ledger::Applied(tx, source, last.number);
    };
    FAILPOINT("pipeline.apply.commit");
    if (tables_.empty()) return applier_.parts_.database.Write(note);
    TRY(write_->Commit(note));
    FAILPOINT_NO_ERROR("pipeline.apply.committed");
    return {};
  }

  Applier& applier_;
  const std::vector<LandedBatch>& batches_;
  std::map<std::string, Emptied>& emptied_;  // by folder
  std::unique_ptr<lake::WriteTransaction> write_;
  std::map<std::string, Table> tables_;  // by folder
  std::set<std::string> incomplete_;
  std::map<std::string, int64_t> quarantined_;  // rows, by folder
};

void Applier::Expect(const capture::LandedChanges& landed) {
  MutexLock lock(mutex_);
  for (const capture::WrittenChanges& file : landed.files) {
    if (expected_.size() >= kExpectedMax) return;
    expected_.emplace(file.landed.object, file.parquet);
  }
}

Result<lake::DataFile> Applier::DescriptionOf(const LandedFile& file, const Schema& history) {
  {
    MutexLock lock(mutex_);
    const auto found = expected_.find(file.object);
    if (found != expected_.end()) return lake::DescribeFile(found->second, UriOf(file));
  }
  return lake::DescribeObject(parts_.store, parts_.parquet, UriOf(file), history);
}

Result<std::optional<AppliedBatches>> Applier::ApplyNext() {
  const capture::SourceProgress progress = TRY(parts_.ledger.NeedProgressOf(options_.source));
  if (progress.applied_batch >= progress.last_batch) return std::optional<AppliedBatches>();
  std::vector<LandedBatch> batches =
      TRY(parts_.ledger.BatchesOf(options_.source, progress.applied_batch, options_.batches_max));
  int64_t rows = 0;
  size_t taken = 0;
  for (; taken < batches.size(); ++taken) {
    for (const LandedFile& file : batches[taken].files) rows += file.rows;
    if (taken > 0 && rows > options_.rows_max) break;
    // Rows that are appended aren't seen by changes of the same commit.
    if (HasFresh(batches[taken]) != HasFresh(batches[0])) break;
  }
  batches.resize(taken);
  if (batches.empty() || batches.front().number != progress.applied_batch + 1)
    return MakeError(
        ErrorKind::kCorrupt,
        fmt::format("batch {} of the source '{}' isn't in the ledger: its tables can't "
                    "be brought further without a gap",
                    progress.applied_batch + 1, options_.source),
        "pipeline.gap");
  std::map<std::string, Emptied> emptied;
  for (int conflicts = 0;;) {
    Attempt attempt(*this, batches, emptied);
    Result<bool> done = attempt.Run();
    if (!done.ok()) {
      // An engine changed columns or rows meanwhile.
      const bool changed =
          done.error().code == "table.changed" || done.error().code == "table.rows_changed";
      if (changed && ++conflicts < kConflictsMax) continue;
      return std::move(done).error();
    }
    if (!*done) continue;
    MutexLock lock(mutex_);
    for (const LandedBatch& batch : batches)
      for (const LandedFile& file : batch.files) expected_.erase(file.object);
    return std::optional(attempt.report());
  }
}

}  // namespace caudal::pipeline
