#include "lake/upkeep/compaction.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "base/failpoint.h"
#include "base/log.h"
#include "lake/files/paths.h"
#include "lake/files/table_file_reader.h"
#include "lake/write/delete_files.h"

namespace caudal::lake {
namespace {

constexpr int kAttemptsMax = 10;
// A group that has lost more of its rows meanwhile isn't worth its commit.
constexpr double kLostShareMax = 0.5;
constexpr size_t kDeletesOneEachMax = 8;
constexpr int kReadsAheadMax = 8;
constexpr size_t kUnknownFew = 1;

Result<void> CheckVersion(const TableMetadata& metadata) {
  if (metadata.format_version == 2) return {};
  return MakeError(
      ErrorKind::kUnsupported,
      metadata.format_version < 2
          ? "tables of format version 1 are read only here; upgrade the table to 2"
          : "tables of format version 3 aren't compacted here: rows would lose their ids; let "
            "another engine rewrite the files");
}

Error Conflict() {
  return MakeError(ErrorKind::kConflict, "others changed the table while it was compacted",
                   "compaction.conflict");
}

}  // namespace

void CompactionReport::Add(const CompactionReport& other) {
  if (other.snapshot_id != 0) snapshot_id = other.snapshot_id;
  commits += other.commits;
  removed_data_files += other.removed_data_files;
  added_data_files += other.added_data_files;
  removed_delete_files += other.removed_delete_files;
  added_delete_files += other.added_delete_files;
  rows += other.rows;
  remapped += other.remapped;
  given_up += other.given_up;
}

struct Compactor::Round {
  TableName name;
  CompactionPolicy policy;
  LoadedTable read;  // the state whose rows are read
  DeletedRows deleted;
  CompactionPlan plan;
  std::optional<KeyCodec> codec;  // when the table's keys are in memory
  std::vector<RewrittenGroup> groups;
  std::vector<WrittenFile> merged_deletes;
  std::vector<FileRows> merged_rows;  // that they delete

  // Of one attempt to commit.
  std::shared_ptr<TableState> state;
  LoadedTable base;
  std::vector<WrittenFile> later_deletes;
  std::vector<FileRows> later_rows;
  std::vector<const WrittenFile*> added;
  FileChanges changes;
  std::optional<NewSnapshot> made;
  CompactionReport report;
};

Result<bool> Compactor::MayNeed(const TableName& table) {
  const LoadedTable loaded = TRY(writer_.catalog().Load(table));
  const Snapshot* snapshot = loaded.metadata->current_snapshot();
  if (snapshot == nullptr || loaded.metadata->format_version != 2) return false;
  const SharedFiles files = TRY(writer_.manifests().Read(*snapshot));
  return MayNeedCompaction(*loaded.metadata, *files, policy_);
}

Result<CompactionReport> Compactor::Run(const TableName& table, int rounds) {
  return RunRounds(table, policy_, rounds);
}

Result<CompactionReport> Compactor::RunSettled(const TableName& table, int rounds) {
  CompactionPolicy policy = policy_;
  policy.deleted_share = std::min(policy.deleted_share, policy.settled_share);
  policy.files_min = std::min(policy.files_min, policy.files_few);
  return RunRounds(table, policy, rounds);
}

Result<CompactionReport> Compactor::RunAll(const TableName& table) {
  const LoadedTable loaded = TRY(writer_.catalog().Load(table));
  CompactionPolicy policy = policy_;
  policy.everything = true;
  policy.sequence_number_max = loaded.metadata->last_sequence_number;
  return RunRounds(table, policy, INT_MAX);
}

Result<CompactionReport> Compactor::RunRounds(const TableName& table,
                                              const CompactionPolicy& policy, int rounds) {
  CompactionReport report;
  for (int i = 0; i < rounds && !stop_; ++i) {
    const bool more = TRY(RunRound(table, policy, report));
    if (!more) break;
  }
  return report;
}

Result<bool> Compactor::RunRound(const TableName& table, const CompactionPolicy& policy,
                                 CompactionReport& report) {
  Round round;
  round.name = table;
  round.policy = policy;
  round.read = TRY(writer_.catalog().Load(table));
  const TableMetadata& metadata = *round.read.metadata;
  TRY(CheckVersion(metadata));
  const Snapshot* snapshot = metadata.current_snapshot();
  if (snapshot == nullptr) return false;
  const SharedFiles files = TRY(writer_.manifests().Read(*snapshot));
  TRY(round.deleted.Read(writer_.context(), metadata, *files));
  round.plan = PlanCompaction(metadata, *files, round.deleted, policy);
  if (round.plan.empty()) return false;
  round.state = writer_.StateOf(metadata.uuid);
  const Backlog::Running running(round.state->backlog);
  TRY(LoadDeletes(round));
  Result<void> done = [&]() -> Result<void> {
    TRY(RewriteAll(round));
    TRY(MergeDeletes(round));
    IndexKeys(round);
    if (before_commit_) before_commit_();
    return Commit(round);
  }();
  const bool given_up = !done.ok() && done.error().code == "compaction.conflict";
  if (!done.ok()) Discard(round);
  if (given_up) {
    report.given_up += static_cast<int64_t>(round.groups.size());
    return false;
  }
  TRY(std::move(done));
  report.Add(round.report);
  return round.report.given_up == 0 && round.report.commits > 0;
}

Result<void> Compactor::LoadDeletes(Round& round) {
  for (const CompactionGroup& group : round.plan.groups)
    for (const ScanFile& scan : group.files)
      TRY(round.deleted.Load(writer_.context(), scan.data->file.path));
  return {};
}

Result<void> Compactor::RewriteAll(Round& round) {
  const TableMetadata& metadata = *round.read.metadata;
  {
    const std::unique_lock turn(round.state->turn);
    const TableKeys* keys = round.state->keys.get();
    if (keys != nullptr && keys->Fits(metadata.schema())) round.codec = keys->codec();
  }
  EqualityDeletes equality(metadata);
  for (const CompactionGroup& group : round.plan.groups)
    for (const ScanFile& scan : group.files)
      TRY(equality.Read(writer_.context(), scan.equality_deletes));
  RewriteOptions options;
  options.files = writer_.options().changes.files;
  options.files.target_bytes = TargetBytesOf(metadata, round.policy.target_bytes);
  options.keys = round.codec ? &*round.codec : nullptr;
  options.stop = &stop_;
  for (const CompactionGroup& group : round.plan.groups) {
    RewrittenGroup made =
        TRY(Rewrite(writer_.context(), metadata, group, round.deleted, equality, options));
    // In their place among the files of the partition: what others append meanwhile lies behind.
    if (group.in_sequence)
      for (WrittenFile& file : made.files)
        file.added.sequence_number = group.files.back().data->sequence_number;
    round.groups.push_back(std::move(made));
  }
  return {};
}

// What they delete in files that stay.
Result<void> Compactor::MergeDeletes(Round& round) {
  if (round.plan.deletes.empty()) return {};
  const TableMetadata& metadata = *round.read.metadata;
  std::unordered_set<std::string_view> rewritten;
  for (const CompactionGroup& group : round.plan.groups)
    for (const ScanFile& scan : group.files) rewritten.insert(scan.data->file.path);
  const SharedFiles files = TRY(writer_.manifests().Read(*metadata.current_snapshot()));
  std::unordered_map<std::string_view, SharedFile> data;
  for (SharedFile& file : files->Files(FileContent::kData))
    if (!rewritten.contains(file->file.path)) data[file->file.path] = file;
  std::map<std::string_view, std::pair<SharedFile, RowSet>> rows;
  for (const SharedFile& file : round.plan.deletes) {
    std::vector<SharedFile> hit;
    for (const std::string& path : round.deleted.HitBy(file->file.path))
      if (const auto at = data.find(path); at != data.end()) hit.push_back(at->second);
    const std::vector<FileRows> read = TRY(writer_.deletes().Read(file->file, hit));
    for (const FileRows& one : read) {
      auto& [of, set] = rows[one.file->file.path];
      of = one.file;
      for (const int64_t row : one.rows) set.Add(row);
    }
  }
  for (const auto& [path, one] : rows) {
    FileRows merged{one.first, {}};
    one.second.ForEach([&](int64_t row) { merged.rows.push_back(row); });
    round.merged_rows.push_back(std::move(merged));
  }
  const bool one_each = round.merged_rows.size() <= kDeletesOneEachMax;
  const std::unique_ptr<DeleteEncoder> encoder =
      TRY(MakeDeleteEncoder(writer_.context(), metadata, one_each));
  round.merged_deletes = TRY(encoder->Encode(round.merged_rows));
  return {};
}

// So that the next change by key finds the indexes of large new files.
void Compactor::IndexKeys(Round& round) {
  if (!round.codec) return;
  const std::string folder = writer_.options().index_folder + "/" + round.read.metadata->uuid;
  for (RewrittenGroup& group : round.groups) {
    if (!group.keys || group.files.size() != 1) continue;
    const DataFile& file = group.files[0].added.file;
    if (!HasIndexFile(file)) continue;
    const Result<void> written = WriteKeyIndex(folder, file, *group.keys);
    if (!written.ok())
      LogWarning("the index of a compacted file will be built later",
                 {{"file", file.path}, {"reason", written.error().message}});
    group.keys.reset();
  }
}

Result<void> Compactor::Commit(Round& round) {
  // What came meanwhile is read before others have to wait; and what came while that was read,
  // until it isn't much.
  for (int i = 0; i < kReadsAheadMax; ++i) {
    const LoadedTable now = TRY(writer_.catalog().Load(round.name));
    const Snapshot* snapshot = now.metadata->current_snapshot();
    if (snapshot == nullptr) break;
    const SharedFiles files = TRY(writer_.manifests().Read(*snapshot));
    if (i > 0 && round.deleted.CountUnknown(*files) <= kUnknownFew) break;
    TRY(round.deleted.Read(writer_.context(), *now.metadata, *files));
    TRY(LoadDeletes(round));
  }
  writer_.catalog().foreign_turns().Wait(round.read.metadata->uuid);
  const std::unique_lock turn(round.state->turn);
  for (int i = 1;; ++i) {
    Result<void> done = TryCommit(round);
    if (done.ok()) return done;
    DiscardFiles(writer_.context(), round.later_deletes);
    round.later_deletes.clear();
    if (done.error().code != "table.moved") return done;
    if (i == kAttemptsMax) return Conflict();
  }
}

namespace {

bool WorthIt(const RewrittenGroup& group, const std::optional<Remapped>& remapped) {
  if (!remapped) return false;
  const auto rows = static_cast<double>(group.rows());
  return static_cast<double>(remapped->rows) <= kLostShareMax * rows;
}

}  // namespace

// The groups that are still worth it: their files come, with what was deleted meanwhile, and those
// that they were made of go.
void Compactor::TakeGroups(Round& round, const std::unordered_map<std::string, ScanFile>& live) {
  round.changes = {};
  round.changes.operation = "replace";
  round.added.clear();
  round.later_rows.clear();
  round.report = {};
  std::unordered_set<std::string>& removed = round.changes.removed;
  for (RewrittenGroup& group : round.groups) {
    const std::optional<Remapped> remapped = Remap(group, round.deleted, live);
    if (!WorthIt(group, remapped)) {
      ++round.report.given_up;
      continue;
    }
    for (const RewrittenFile& file : group.from)
      if (live.contains(file.scan.data->file.path)) removed.insert(file.scan.data->file.path);
    for (size_t i = 0; i < group.files.size(); ++i) {
      const WrittenFile& file = group.files[i];
      const FileRows& rows = remapped->deleted[i];
      if (static_cast<int64_t>(rows.rows.size()) == file.added.file.record_count) continue;
      round.added.push_back(&file);
      if (!rows.rows.empty()) round.later_rows.push_back(rows);
    }
    round.report.remapped += remapped->rows;
    round.report.rows += group.rows();
  }
  round.report.removed_data_files = static_cast<int64_t>(removed.size());
  round.report.added_data_files = static_cast<int64_t>(round.added.size());
}

// Whether the merged deletes still stand for those that they were made of: all of these are live,
// and hit no file that was left out.
bool Compactor::MergeHolds(const Round& round, const LiveFiles& live) {
  std::unordered_set<std::string_view> merged;
  for (const FileRows& one : round.merged_rows) merged.insert(one.file->file.path);
  return std::ranges::all_of(round.plan.deletes, [&](const SharedFile& file) {
    const std::string& path = file->file.path;
    return live.HasDeletes(path) &&
           std::ranges::all_of(round.deleted.HitBy(path), [&](const std::string& hit) {
             return merged.contains(hit) || round.changes.removed.contains(hit) ||
                    !live.data.contains(hit);
           });
  });
}

Result<void> Compactor::TryCommit(Round& round) {
  round.base = TRY(writer_.catalog().Load(round.name));
  const TableMetadata& metadata = *round.base.metadata;
  const Snapshot* parent = metadata.current_snapshot();
  if (metadata.uuid != round.read.metadata->uuid || metadata.format_version != 2 ||
      parent == nullptr)
    return Conflict();
  const SharedFiles current = TRY(writer_.manifests().Read(*parent));
  TRY(round.deleted.Read(writer_.context(), metadata, *current));
  TRY(LoadDeletes(round));
  const LiveFiles live = LiveFilesOf(*current, metadata);

  TakeGroups(round, live.data);
  std::unordered_set<std::string>& removed = round.changes.removed;
  const bool merge = MergeHolds(round, live);
  RemoveDangling(live, round.deleted, removed);
  if (merge) {
    for (const SharedFile& file : round.plan.deletes) removed.insert(file->file.path);
    for (const WrittenFile& file : round.merged_deletes) round.added.push_back(&file);
  }
  const std::unique_ptr<DeleteEncoder> encoder =
      TRY(MakeDeleteEncoder(writer_.context(), metadata, true));
  round.later_deletes = TRY(encoder->Encode(round.later_rows));
  for (const WrittenFile& file : round.later_deletes) round.added.push_back(&file);
  round.report.added_delete_files =
      static_cast<int64_t>(round.added.size()) - round.report.added_data_files;
  round.report.removed_delete_files =
      static_cast<int64_t>(removed.size()) - round.report.removed_data_files;
  if (removed.empty()) return round.report.given_up > 0 ? Conflict() : Result<void>();

  return Publish(round, current);
}

Result<void> Compactor::Publish(Round& round, const SharedFiles& current) {
  const TableMetadata& metadata = *round.base.metadata;
  for (const WrittenFile* file : round.added) round.changes.added.push_back(file->added);
  round.made = TRY(MakeSnapshot(metadata, metadata.current_snapshot(), current, round.changes,
                                writer_.options().manifests, writer_.context().clock.Now() / 1000,
                                writer_.context().random));
  PreparedCommit prepared;
  prepared.base = round.base;
  prepared.next = TRY(writer_.WithSnapshot(round.base, round.made->snapshot));
  prepared.files = std::move(round.made->publish);
  for (const WrittenFile* file : round.added) {
    if (!file->bytes) continue;
    objects::FileToPublish publish = TRY(ToPublish(*file));
    prepared.files.push_back(std::move(publish));
  }
  FAILPOINT("lake.compact.prepared");
  std::vector<PreparedCommit> commits;
  commits.push_back(std::move(prepared));
  std::vector<LoadedTable> published = TRY(writer_.catalog().Publish(std::move(commits)));
  FAILPOINT_NO_ERROR("lake.compact.committed");
  Finish(round, std::move(published.at(0).metadata));
  return {};
}

// The table's keys follow, without reading what was just written.
void Compactor::Finish(Round& round, SharedMetadata metadata) {
  round.report.commits = 1;
  round.report.snapshot_id = round.made->snapshot.id;
  writer_.manifests().Keep(round.made->snapshot.manifest_list, round.made->files);
  std::unordered_set<const WrittenFile*> used(round.added.begin(), round.added.end());
  RemoveLocal(round.later_deletes);
  const auto discard_unused = [&](std::vector<WrittenFile>& files) {
    RemoveLocal(files);
    std::vector<WrittenFile> unused;
    for (WrittenFile& file : files)
      if (!used.contains(&file)) unused.push_back(std::move(file));
    DiscardFiles(writer_.context(), unused);
  };
  TableKeys* keys = round.state->keys.get();
  if (keys != nullptr && round.codec && keys->codec().layout() == round.codec->layout()) {
    for (RewrittenGroup& group : round.groups)
      if (group.keys && group.files.size() == 1 && used.contains(&group.files[0]))
        keys->ExpectData(group.files[0].added.file.path, *std::move(group.keys));
    if (round.later_deletes.size() == 1)
      keys->ExpectDeletes(round.later_deletes[0].added.file.path, round.later_rows);
    if (round.merged_deletes.size() == 1 && used.contains(&round.merged_deletes[0]))
      keys->ExpectDeletes(round.merged_deletes[0].added.file.path, round.merged_rows);
    const Result<void> advanced =
        keys->Advance(*metadata, round.made->snapshot, *round.made->files);
    if (!advanced.ok())
      LogWarning("a table's keys will be read again",
                 {{"table", TextOf(round.name)}, {"reason", advanced.error().message}});
  }
  for (RewrittenGroup& group : round.groups) discard_unused(group.files);
  discard_unused(round.merged_deletes);
}

void Compactor::Discard(Round& round) {
  for (const RewrittenGroup& group : round.groups) DiscardFiles(writer_.context(), group.files);
  DiscardFiles(writer_.context(), round.merged_deletes);
}

}  // namespace caudal::lake
