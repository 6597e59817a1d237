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
#include "pipeline/column_map.h"
#include "pipeline/keyed_rows.h"
#include "pipeline/replica_changes.h"

namespace caudal::pipeline {
namespace {

using capture::CapturedTable;
using capture::LandedBatch;
using capture::LandedFile;
using capture::Ledger;
using capture::TableState;

constexpr size_t kExpectedMax = 4'096;
constexpr int kConflictsMax = 5;
// In place of a source's column: a key that is made here.
constexpr int32_t kNoSource = -1;

std::string UriOf(const LandedFile& file) { return "gs://" + file.bucket + "/" + file.object; }

bool HasFresh(const LandedBatch& batch) {
  return std::ranges::any_of(batch.files, &LandedFile::fresh);
}

// The last row that empties a replica, among the files that are applied together.
struct Emptied {
  size_t file = 0;  // number among the table's
  int64_t row = 0;  // -1: it is empty before the file's first
};

// Whether the rows of both are told apart by the same columns of the source.
Result<bool> SameKey(const lake::TableMetadata& a, const lake::TableMetadata& b) {
  using Key = std::map<int32_t, Type>;  // by the source's column
  const auto key_of = [](const lake::TableMetadata& table) -> Result<Key> {
    Key key;
    const std::vector<MappedColumn> columns = TRY(MappedColumnsOf(table));
    for (const int32_t id : table.schema().identifier_field_ids()) {
      const auto mapped = std::ranges::find(columns, id, &MappedColumn::field);
      const int32_t source = mapped == columns.end() ? kNoSource : mapped->source;
      key.emplace(source, table.schema().Find(id)->type);
    }
    return key;
  };
  const Key one = TRY(key_of(a));
  const Key other = TRY(key_of(b));
  return one == other;
}

}  // namespace

// One try of a commit.
class Applier::Attempt {
 public:
  // `last`: the number of the last of these batches, or of those before.
  Attempt(Applier& applier, const std::vector<LandedBatch>& batches, int64_t last,
          std::map<std::string, Emptied>& emptied)
      : applier_(applier),
        batches_(batches),
        last_(last),
        emptied_(emptied),
        write_(applier.parts_.writer.Begin()) {}

  // False: a row was found that empties a table, and what came before it was taken already: begin
  // again.
  Result<bool> Run() {
    for (CapturedTable& table : TRY(applier_.parts_.ledger.TablesOf(applier_.options_.source)))
      captured_.emplace(table.folder, std::move(table));
    for (const LandedBatch& batch : batches_)
      for (const LandedFile& file : batch.files) {
        Result<bool> done = Apply(file);
        if (!done.ok()) return std::move(done).error().Within(file.table);
        if (!*done) return false;
      }
    ChooseShown();
    TRY(Commit());
    return true;
  }

  AppliedBatches report() const {
    AppliedBatches report;
    report.last = last_;
    for (const LandedBatch& batch : batches_) {
      for (const LandedFile& file : batch.files) report.rows[file.table] += file.rows;
      report.position = batch.last;
      report.committed_at = batch.committed_at;
    }
    report.quarantined = quarantined_;
    report.incomplete.assign(incomplete_.begin(), incomplete_.end());
    report.shown = !shown_.empty();
    return report;
  }

 private:
  struct Table {
    TablePair names;
    lake::SharedMetadata history;
    std::unique_ptr<ReplicaChanges> seen;  // made when they are needed
    std::unique_ptr<ReplicaChanges> next;
    std::optional<bool> followed;  // whether `seen` takes changes while `next` is gathered
    size_t files = 0;
  };

  Result<Table*> TableOf(const std::string& folder) {
    const auto found = tables_.find(folder);
    if (found != tables_.end()) return &found->second;
    Table table;
    const SourceName name = TRY(SplitTableFolder(folder));
    table.names = applier_.parts_.tables.PairOf(name.schema, name.table);
    table.history = TRY(write_->MetadataOf(table.names.history));
    return &tables_.emplace(folder, std::move(table)).first->second;
  }

  Result<ReplicaChanges*> ReplicaOf(const Table& table, const lake::TableName& name,
                                    std::unique_ptr<ReplicaChanges>& made) {
    if (made != nullptr) return made.get();
    TablePair names = table.names;
    names.replica = name;
    made = TRY(ReplicaChanges::Open(*write_, std::move(names)));
    return made.get();
  }

  // Not when it has another key than the changes: then it stays as it is.
  Result<bool> Followed(Table& table) {
    if (table.followed) return *table.followed;
    const lake::SharedMetadata seen = TRY(write_->MetadataOf(table.names.replica));
    const lake::SharedMetadata next = TRY(write_->MetadataOf(table.names.next));
    table.followed = TRY(SameKey(*seen, *next));
    return *table.followed;
  }

  // A file on its way into a replica.
  struct Step {
    const LandedFile& file;
    size_t number;  // among the table's
    bool present;   // whether what is missing there, or can't be applied, is worth telling
  };

  Result<bool> Apply(const LandedFile& file) {
    Table* table = TRY(TableOf(file.table));
    const size_t number = table->files++;
    lake::DataFile described = TRY(applier_.DescriptionOf(file, table->history->schema()));
    CapturedTable& captured = captured_[file.table];
    const bool present = file.incarnation == captured.incarnation;
    const bool shown = file.incarnation == captured.shown;
    // Of an incarnation that came to nothing only the history tells.
    if (present && !shown && TRY(Gathered(*table, captured, file, number))) {
      ReplicaChanges* next = TRY(ReplicaOf(*table, table->names.next, table->next));
      if (!TRY(ApplyTo(*next, {file, number, true}, described))) return false;
    }
    if (captured.shown != 0 && !file.reading && (shown || TRY(Followed(*table)))) {
      ReplicaChanges* seen = TRY(ReplicaOf(*table, table->names.replica, table->seen));
      if (!TRY(ApplyTo(*seen, {file, number, present && shown}, described))) return false;
    }
    TRY(write_->AddFile(table->names.history, std::move(described)));
    return true;
  }

  // Whether the file's rows are among those that are gathered. They begin with the change that
  // empties the table; of one that is read for the first time, changes come only once it is read.
  Result<bool> Gathered(const Table& table, CapturedTable& captured, const LandedFile& file,
                        size_t number) {
    if (captured.gathered == file.incarnation) return true;
    if (!file.reading && file.incarnation > 1) return false;
    captured.gathered = file.incarnation;
    begun_.insert(file.table);
    emptied_.try_emplace(TextOf(table.names.next), Emptied{number, -1});
    return true;
  }

  Result<bool> ApplyTo(ReplicaChanges& replica, const Step& step, const lake::DataFile& described) {
    const lake::TableName& name = replica.names().replica;
    const auto emptied = emptied_.find(TextOf(name));
    if (emptied == emptied_.end()) return ApplyRows(replica, step, described, 0);
    if (step.number < emptied->second.file) return true;
    if (step.number > emptied->second.file) return ApplyRows(replica, step, described, 0);
    TRY(write_->Replace(name));
    replica.Clear();
    return ApplyRows(replica, step, described, emptied->second.row + 1);
  }

  Result<bool> ApplyRows(ReplicaChanges& replica, const Step& step, const lake::DataFile& described,
                         int64_t from) {
    lake::TableFileReader reader = TRY(lake::TableFileReader::Open(
        applier_.parts_.store, applier_.parts_.parquet, described, replica.layout().read));
    while (auto read = TRY(reader.Next())) {
      Batch rows = std::move(read->batch);
      const int64_t skip = from - read->first_row;
      if (skip >= rows.rows()) continue;
      if (skip > 0) rows = rows.Slice(skip, rows.rows() - skip);
      const int64_t truncate = LastTruncate(replica.layout(), rows);
      if (truncate >= 0) {
        emptied_[TextOf(replica.names().replica)] = {
            step.number, read->first_row + std::max<int64_t>(skip, 0) + truncate};
        return false;
      }
      const std::vector<QuarantinedRow> bad = TRY(replica.Put(std::move(rows), step.file.fresh));
      if (!bad.empty() && step.present) TRY(Quarantine(replica.names(), step.file, bad));
    }
    if (replica.incomplete() && step.present) incomplete_.insert(step.file.table);
    return true;
  }

  Result<void> Quarantine(const TablePair& names, const LandedFile& file,
                          const std::vector<QuarantinedRow>& bad) {
    TRY(applier_.parts_.tables.OpenQuarantine(names, file.table));
    const Schema columns = TRY(write_->SchemaOf(names.quarantine));
    const Micros now = applier_.parts_.writer.context().clock.Now();
    const Batch rows = TRY(QuarantineBatch(columns, bad, now));
    quarantined_[file.table] += rows.rows();
    return write_->Append(names.quarantine, rows);
  }

  // Tables that are whole with these batches, when none is being read.
  void ChooseShown() {
    for (const auto& [folder, table] : captured_)
      if (table.state == TableState::kReading) return;
    for (const auto& [folder, table] : captured_)
      if (table.state == TableState::kRead && table.shown != table.incarnation &&
          table.read_in <= last_ && !incomplete_.contains(folder))
        shown_.push_back(&table);
  }

  Result<void> Note() {
    const std::string position = batches_.empty() ? "" : batches_.back().last.Text();
    for (const auto& [folder, table] : tables_) {
      TRY(write_->Note(table.names.history, kPositionNote, position));
      for (const ReplicaChanges* replica : {table.seen.get(), table.next.get()})
        if (replica != nullptr)
          TRY(write_->Note(replica->names().replica, kPositionNote, position));
    }
    return {};
  }

  Result<void> Record(meta::Tx& tx) {
    const std::string& source = applier_.options_.source;
    for (const std::string& folder : begun_)
      TRY(Ledger::Gathered(tx, source, folder, captured_.at(folder).incarnation));
    for (const CapturedTable* table : shown_) {
      const TablePair names = applier_.parts_.tables.PairOf(table->schema, table->table);
      // One without rows was empty before.
      if (table->gathered == table->incarnation)
        TRY(applier_.parts_.catalog.Exchange(tx, names.replica, names.next));
      TRY(Ledger::Shown(tx, source, table->folder, table->incarnation));
    }
    for (const std::string& folder : incomplete_)
      TRY(Ledger::ReadAgain(tx, source, captured_.at(folder)));
    return Ledger::Applied(tx, source, last_);
  }

  Result<void> Commit() {
    if (batches_.empty() && shown_.empty()) return {};
    TRY(Note());
    const auto record = [&](meta::Tx& tx) { return Record(tx); };
    FAILPOINT("pipeline.apply.commit");
    if (tables_.empty()) return applier_.parts_.database.Write(record);
    TRY(write_->Commit(record));
    FAILPOINT_NO_ERROR("pipeline.apply.committed");
    return {};
  }

  Applier& applier_;
  const std::vector<LandedBatch>& batches_;
  const int64_t last_;                             // batch
  std::map<std::string, Emptied>& emptied_;        // by the replica's name
  std::map<std::string, CapturedTable> captured_;  // by folder
  std::unique_ptr<lake::WriteTransaction> write_;
  std::map<std::string, Table> tables_;  // by folder
  std::set<std::string> incomplete_;
  std::map<std::string, int64_t> quarantined_;  // rows, by folder
  std::set<std::string> begun_;                 // whose rows are gathered from now on
  std::vector<const CapturedTable*> shown_;     // whose rows are seen from now on
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
  std::map<std::string, Emptied> emptied;
  if (progress.applied_batch >= progress.last_batch) {
    // A table that others waited for may be gone.
    const std::vector<LandedBatch> none;
    Attempt attempt(*this, none, progress.applied_batch, emptied);
    TRY(attempt.Run());
    if (!attempt.report().shown) return std::optional<AppliedBatches>();
    AppliedBatches report = attempt.report();
    if (progress.landed) report.position = *progress.landed;
    return std::optional(std::move(report));
  }
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
  for (int conflicts = 0;;) {
    Attempt attempt(*this, batches, batches.back().number, emptied);
    Result<bool> done = attempt.Run();
    if (!done.ok()) {
      // An engine changed columns or rows meanwhile.
      const bool changed =
          done.error().code == "table.changed" || done.error().code == "table.rows_changed";
      if (changed && ++conflicts < kConflictsMax) {
        emptied.clear();
        continue;
      }
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
