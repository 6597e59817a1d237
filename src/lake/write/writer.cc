#include "lake/write/writer.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>
#include <tuple>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "base/failpoint.h"
#include "base/log.h"
#include "lake/files/paths.h"
#include "lake/files/table_file_reader.h"
#include "lake/write/delete_files.h"
#include "os/file.h"

namespace caudal::lake {
namespace {

constexpr int kAttemptsMax = 50;

Error Changed(const TableName& name, std::string_view what) {
  return MakeError(ErrorKind::kConflict,
                   fmt::format("{} of the table '{}' changed meanwhile: begin the transaction "
                               "again",
                               what, TextOf(name)),
                   "table.changed");
}

// The table is still what the transaction's rows were given for.
Result<void> CheckSame(const TableChanges& changes, const TableMetadata& metadata) {
  const TableMetadata& begun = changes.metadata();
  if (metadata.uuid != begun.uuid) return Changed(changes.name(), "the identity");
  if (!metadata.schema().SameAs(begun.schema())) return Changed(changes.name(), "the columns");
  if (metadata.default_spec_id != begun.default_spec_id)
    return Changed(changes.name(), "the partitions");
  return {};
}

int64_t IdOf(const Snapshot* snapshot) {
  return snapshot == nullptr ? TableChanges::kNoSnapshot : snapshot->id;
}

// The table's rows are those that the transaction has read: between its snapshot and this one there
// are only such that put the same rows into other files.
Result<void> CheckRead(const TableChanges& changes, const TableMetadata& metadata) {
  if (!changes.read_at()) return {};
  const Snapshot* at = metadata.current_snapshot();
  while (at != nullptr && at->id != *changes.read_at() && at->operation() == "replace")
    at = at->parent_id ? metadata.FindSnapshot(*at->parent_id) : nullptr;
  if (IdOf(at) == *changes.read_at()) return {};
  return MakeError(ErrorKind::kConflict,
                   fmt::format("rows of the table '{}' that were read may have changed meanwhile: "
                               "begin the transaction again",
                               TextOf(changes.name())),
                   "table.rows_changed");
}

// A file that is in a table twice has its rows twice.
Result<void> CheckNew(const TableChanges& changes, const SharedFiles& current) {
  if (changes.objects().empty()) return {};
  const auto twice = [&](const std::string& path) {
    return MakeError(
        ErrorKind::kAlreadyExists,
        fmt::format("{} is a file of the table '{}' already", path, TextOf(changes.name())),
        "table.file_exists");
  };
  std::unordered_set<std::string_view> added;
  for (const AddedFile& object : changes.objects())
    if (!added.insert(object.file.path).second) return twice(object.file.path);
  if (current == nullptr) return {};
  for (const SharedManifest& manifest : current->manifests)
    for (const SharedFile& file : manifest->files)
      if (added.contains(file->file.path)) return twice(file->file.path);
  return {};
}

// Files that are to go are still there. Gives their rows.
Result<int64_t> RowsOfRemoved(const TableChanges& changes, const SharedFiles& current) {
  std::unordered_map<std::string_view, int64_t> rows_of;
  if (current != nullptr)
    for (const SharedFile& file : current->Files(FileContent::kData))
      rows_of.emplace(file->file.path, file->file.record_count);
  int64_t rows = 0;
  for (const std::string& path : changes.removed()) {
    const auto found = rows_of.find(path);
    if (found == rows_of.end())
      return MakeError(
          ErrorKind::kConflict,
          fmt::format("{} is no file of the table '{}' any more", path, TextOf(changes.name())),
          "table.file_gone");
    rows += found->second;
  }
  return rows;
}

}  // namespace

// One table of a commit, in one try of it.
struct Writer::Attempt {
  TableChanges* changes = nullptr;
  std::shared_ptr<TableState> state;
  LoadedTable base;
  SharedFiles current;  // live files of `base`; null: none
  std::vector<WrittenFile> deletes;
  std::vector<FileRows> deleted;
  std::optional<NewSnapshot> made;  // none: nothing changes
  std::optional<PreparedCommit> prepared;
  CommittedTable report;
};

WriteTransaction::~WriteTransaction() = default;

Result<TableChanges*> WriteTransaction::ChangesOf(const TableName& table) {
  std::unique_ptr<TableChanges>& changes = tables_[TextOf(table)];
  if (changes == nullptr) {
    LoadedTable loaded = TRY(writer_.catalog_.Load(table));
    changes = std::make_unique<TableChanges>(writer_.context_, std::move(loaded),
                                             writer_.options_.changes);
  }
  return changes.get();
}

Result<Schema> WriteTransaction::SchemaOf(const TableName& table) {
  const TableChanges* changes = TRY(ChangesOf(table));
  return changes->metadata().schema();
}

Result<SharedMetadata> WriteTransaction::MetadataOf(const TableName& table) {
  const TableChanges* changes = TRY(ChangesOf(table));
  return changes->shared_metadata();
}

Result<void> WriteTransaction::Append(const TableName& table, const Batch& rows) {
  TableChanges* changes = TRY(ChangesOf(table));
  return changes->Append(rows);
}

Result<void> WriteTransaction::Change(const TableName& table, const Batch& rows,
                                      std::span<const RowChange> changes) {
  TableChanges* of_table = TRY(ChangesOf(table));
  TRY(of_table->Change(rows, changes));
  return SpillBeyondBudget();
}

Result<void> WriteTransaction::SpillBeyondBudget() {
  while (true) {
    uint64_t bytes = 0;
    TableChanges* largest = nullptr;
    for (const auto& [name, changes] : tables_) {
      if (changes == nullptr) continue;
      bytes += changes->waiting_bytes();
      if (largest == nullptr || changes->waiting_bytes() > largest->waiting_bytes())
        largest = changes.get();
    }
    if (bytes <= writer_.options_.rows_bytes_max) return {};
    TRY(largest->Spill());
  }
}

Result<void> WriteTransaction::AddFile(const TableName& table, DataFile file) {
  TableChanges* changes = TRY(ChangesOf(table));
  return changes->AddFile(std::move(file));
}

Result<void> WriteTransaction::RemoveFile(const TableName& table, const std::string& path) {
  TableChanges* changes = TRY(ChangesOf(table));
  changes->RemoveFile(path);
  return {};
}

Result<void> WriteTransaction::Delete(const TableName& table, const Batch& keys) {
  TableChanges* changes = TRY(ChangesOf(table));
  return changes->Delete(keys);
}

Result<FoundRows> WriteTransaction::Rows(const TableName& table, const Batch& keys,
                                         const Schema& columns) {
  TableChanges* changes = TRY(ChangesOf(table));
  const EncodedKeys encoded = TRY(changes->EncodeKeys(keys));
  RowGatherer gatherer(columns, encoded.size());
  const std::vector<size_t> unknown = TRY(changes->Gather(encoded, gatherer));
  if (!unknown.empty() && !changes->replaces())
    TRY(writer_.Gather(*changes, encoded, unknown, gatherer));
  return gatherer.Finish();
}

Result<void> WriteTransaction::Replace(const TableName& table) {
  TableChanges* changes = TRY(ChangesOf(table));
  changes->Replace();
  return {};
}

Result<void> WriteTransaction::Note(const TableName& table, const std::string& key,
                                    const std::string& value) {
  TableChanges* changes = TRY(ChangesOf(table));
  changes->Note(key, value);
  return {};
}

Result<std::vector<CommittedTable>> WriteTransaction::Commit(const JoinCommit& also) {
  std::vector<TableChanges*> tables;
  for (const auto& [name, changes] : tables_)
    if (changes != nullptr) tables.push_back(changes.get());
  return writer_.Commit(std::move(tables), also);
}

Result<std::unique_ptr<Writer>> Writer::Open(WriterOptions options, Catalog& catalog,
                                             ManifestCache& manifests, objects::Store& store,
                                             engine::InProcessDatabase& database, Clock& clock,
                                             Random& random) {
  TRY(os::RemoveTree(options.folder));
  TRY(os::MakeDirs(options.folder));
  TRY(os::MakeDirs(options.index_folder));
  auto deletes = std::make_unique<PositionDeleteCache>(store, database, options.deletes_bytes_max);
  const WriteContext context{database, store, clock, random, *deletes, options.folder};
  return std::unique_ptr<Writer>(
      new Writer(std::move(options), catalog, manifests, std::move(deletes), context));
}

std::unique_ptr<WriteTransaction> Writer::Begin() {
  return std::unique_ptr<WriteTransaction>(new WriteTransaction(*this));
}

std::shared_ptr<TableState> Writer::StateOf(const std::string& uuid) {
  MutexLock lock(mutex_);
  Held& held = states_[uuid];
  if (held.state == nullptr) held.state = std::make_shared<TableState>();
  held.last_used = ++uses_;
  return held.state;
}

Result<TableKeys*> Writer::KeysOf(TableState& state, const TableMetadata& metadata) {
  if (state.keys == nullptr || !state.keys->Fits(metadata.schema()))
    state.keys = TRY(TableKeys::Make(context_.store, context_.database, metadata.schema(),
                                     {IndexFolderOf(metadata)}));
  return state.keys.get();
}

// Keys of tables that haven't changed for the longest time go first; they are read again.
void Writer::Trim() {
  MutexLock lock(mutex_);
  uint64_t bytes = 0;
  for (auto& [uuid, held] : states_) {
    if (held.state->turn.try_lock()) {
      held.bytes = held.state->keys == nullptr ? 0 : held.state->keys->memory();
      held.state->turn.unlock();
    }
    bytes += held.bytes;
  }
  while (bytes > options_.keys_bytes_max && states_.size() > 1) {
    auto oldest = states_.end();
    for (auto it = states_.begin(); it != states_.end(); ++it)
      if (it->second.state.use_count() == 1 &&
          (oldest == states_.end() || it->second.last_used < oldest->second.last_used))
        oldest = it;
    if (oldest == states_.end()) return;
    bytes -= oldest->second.bytes;
    states_.erase(oldest);
  }
}

void Writer::Forget(const TableMetadata& metadata) {
  {
    MutexLock lock(mutex_);
    states_.erase(metadata.uuid);
  }
  const Result<void> removed = os::RemoveTree(IndexFolderOf(metadata));
  if (!removed.ok())
    LogWarning("an index of keys stays behind",
               {{"folder", IndexFolderOf(metadata)}, {"error", removed.error().message}});
}

Result<TableMetadata> Writer::WithSnapshot(const LoadedTable& base, const Snapshot& snapshot) {
  MetadataBuilder builder(*base.metadata);
  SnapshotRef main;
  if (const SnapshotRef* before = base.metadata->FindRef(kMainBranch)) main = *before;
  main.snapshot_id = snapshot.id;
  TRY(builder.AddSnapshot(snapshot));
  TRY(builder.SetRef(std::string(kMainBranch), main));
  const std::vector<int64_t> expired =
      SnapshotsToExpire(builder.metadata(), options_.retention, snapshot.timestamp_ms);
  TRY(builder.RemoveSnapshots(expired));
  return builder.Build(snapshot.timestamp_ms, base.metadata_location,
                       Catalog::MetadataLogMax(base.metadata.get()));
}

Result<void> Writer::Gather(TableChanges& changes, const EncodedKeys& keys,
                            const std::vector<size_t>& which, RowGatherer& gatherer) {
  EncodedKeys wanted(keys.layout());
  for (const size_t key : which) wanted.AppendKey(keys, key);
  std::vector<TableKeys::KeyedRow> found;
  {
    const std::shared_ptr<TableState> state = StateOf(changes.metadata().uuid);
    const std::unique_lock turn(state->turn);
    const LoadedTable table = TRY(catalog_.Load(changes.name()));
    const TableMetadata& metadata = *table.metadata;
    TRY(CheckSame(changes, metadata));
    TRY(CheckRead(changes, metadata));
    const Snapshot* snapshot = metadata.current_snapshot();
    changes.SetReadAt(IdOf(snapshot));
    if (snapshot == nullptr) return {};
    const SharedFiles files = TRY(manifests_.Read(*snapshot));
    TableKeys* table_keys = TRY(KeysOf(*state, metadata));
    TRY(table_keys->Advance(metadata, *snapshot, *files));
    found = TRY(table_keys->Locate(wanted));
  }
  // A file that leaves the table now stays for those who read it.
  std::ranges::sort(found, {}, [](const TableKeys::KeyedRow& row) {
    return std::tuple(row.file->sequence_number, std::string_view(row.file->file.path), row.row);
  });
  std::optional<size_t> source;
  for (size_t i = 0; i < found.size(); ++i) {
    const SharedFile& file = found[i].file;
    if (i == 0 || file != found[i - 1].file)
      source = gatherer.AddSource(
          [this, file, columns = gatherer.columns()](std::span<const int64_t> rows) {
            return ReadRowsAt(context_.store, context_.database, file->file, columns, rows);
          });
    gatherer.Take(which[found[i].key], *source, found[i].row);
  }
  return {};
}

// Looks the keys up, in the state that the commit is made on.
Result<void> Writer::FindDeleted(Attempt& attempt, FileChanges& changes) {
  const TableMetadata& metadata = *attempt.base.metadata;
  if (attempt.current == nullptr) return {};
  TableKeys* keys = TRY(KeysOf(*attempt.state, metadata));
  TRY(keys->Advance(metadata, *metadata.current_snapshot(), *attempt.current));
  std::vector<FileRows> found = TRY(keys->Find(attempt.changes->touched()));
  for (FileRows& one : found) {
    const auto rows = static_cast<int64_t>(one.rows.size());
    const RowSet* before = keys->DeletedOf(one.file->file.path);
    attempt.report.deleted_rows += rows;
    if (rows + (before == nullptr ? 0 : before->size()) == one.file->file.record_count) {
      changes.removed.insert(one.file->file.path);
    } else {
      attempt.deleted.push_back(std::move(one));
    }
  }
  return {};
}

// Rows of the table, and of the transaction's own files: deletes by position apply to files of the
// same commit.
Result<void> Writer::EncodeDeleted(Attempt& attempt) {
  const TableChanges& changes = *attempt.changes;
  if (changes.touched().empty()) return {};
  std::unique_ptr<DeleteEncoder> encoder = TRY(MakeDeleteEncoder(context_, *attempt.base.metadata));
  std::ranges::copy(changes.deleted(), std::back_inserter(attempt.deleted));
  attempt.deletes = TRY(encoder->Encode(attempt.deleted));
  return {};
}

Result<void> Writer::Prepare(Attempt& attempt) {
  TableChanges& changes = *attempt.changes;
  attempt.base = TRY(catalog_.Load(changes.name()));
  const TableMetadata& metadata = *attempt.base.metadata;
  TRY(CheckSame(changes, metadata));
  TRY(CheckRead(changes, metadata));
  const Snapshot* parent = metadata.current_snapshot();
  if (parent != nullptr) attempt.current = TRY(manifests_.Read(*parent));

  FileChanges file_changes;
  if (changes.replaces()) {
    if (attempt.current != nullptr)
      for (const SharedManifest& manifest : attempt.current->manifests)
        for (const SharedFile& file : manifest->files) file_changes.removed.insert(file->file.path);
  } else if (!changes.touched().empty()) {
    TRY(FindDeleted(attempt, file_changes));
  }
  if (!changes.removed().empty()) {
    attempt.report.deleted_rows += TRY(RowsOfRemoved(changes, attempt.current));
    file_changes.removed.insert(changes.removed().begin(), changes.removed().end());
  }
  TRY(EncodeDeleted(attempt));
  TRY(CheckNew(changes, attempt.current));
  for (const WrittenFile& file : changes.files()) file_changes.added.push_back(file.added);
  std::ranges::copy(changes.objects(), std::back_inserter(file_changes.added));
  for (const AddedFile& file : file_changes.added)
    attempt.report.added_rows += file.file.record_count;
  for (const FileRows& own : changes.deleted())
    attempt.report.added_rows -= static_cast<int64_t>(own.rows.size());
  for (const WrittenFile& file : attempt.deletes) file_changes.added.push_back(file.added);
  attempt.report.name = changes.name();
  if (file_changes.added.empty() && file_changes.removed.empty() && changes.notes().empty() &&
      !changes.replaces())
    return {};
  const bool removes = !file_changes.removed.empty() || !attempt.deletes.empty();
  const bool adds = !changes.files().empty() || !changes.objects().empty();
  file_changes.operation = !removes ? "append" : adds ? "overwrite" : "delete";
  file_changes.summary = changes.notes();
  attempt.made =
      TRY(MakeSnapshot(metadata, parent, attempt.current, file_changes, options_.manifests,
                       context_.clock.Now() / 1000, context_.random));
  PreparedCommit prepared;
  prepared.next = TRY(WithSnapshot(attempt.base, attempt.made->snapshot));
  prepared.base = attempt.base;
  prepared.files = std::move(attempt.made->publish);
  for (const auto* files : {&changes.files(), &std::as_const(attempt.deletes)})
    for (const WrittenFile& file : *files) {
      if (!file.bytes) continue;
      objects::FileToPublish publish = TRY(ToPublish(file));
      prepared.files.push_back(std::move(publish));
    }
  attempt.report.snapshot_id = attempt.made->snapshot.id;
  attempt.prepared = std::move(prepared);
  return {};
}

// The table's keys follow, without reading what was just written.
CommittedTable Writer::Finish(Attempt& attempt, SharedMetadata metadata) {
  attempt.report.metadata = std::move(metadata);
  if (!attempt.made) return std::move(attempt.report);
  // Later versions number rows, which only the files as written say.
  if (attempt.base.metadata->format_version == 2)
    manifests_.Keep(attempt.made->snapshot.manifest_list, attempt.made->files);
  attempt.changes->Committed();
  RemoveLocal(attempt.deletes);
  TableKeys* keys = attempt.state->keys.get();
  if (keys == nullptr || attempt.changes->touched().empty()) return std::move(attempt.report);
  for (const TableChanges::KeyedFile& file : attempt.changes->keyed_files())
    if (!HasIndexFile(file.file)) keys->ExpectData(file.file.path, attempt.changes->KeysOf(file));
  // They come together: which of the rows are in which of the files doesn't matter.
  for (const WrittenFile& file : attempt.deletes)
    keys->ExpectDeletes(file.added.file.path, std::exchange(attempt.deleted, {}));
  const Result<void> advanced =
      keys->Advance(*attempt.report.metadata, attempt.made->snapshot, *attempt.made->files);
  if (!advanced.ok())
    LogWarning("a table's keys will be read again",
               {{"table", TextOf(attempt.report.name)}, {"reason", advanced.error().message}});
  return std::move(attempt.report);
}

void Writer::Discard(std::vector<Attempt>& attempts) {
  for (Attempt& attempt : attempts) DiscardFiles(context_, attempt.deletes);
}

Result<std::vector<CommittedTable>> Writer::TryCommit(std::vector<Attempt>& attempts,
                                                      const JoinCommit& also) {
  std::vector<PreparedCommit> commits;
  for (Attempt& attempt : attempts) {
    TRY(Prepare(attempt));
    if (attempt.prepared) commits.push_back(*std::move(attempt.prepared));
  }
  FAILPOINT("lake.write.prepared");
  const std::vector<LoadedTable> published = TRY(catalog_.Publish(std::move(commits), also));
  FAILPOINT_NO_ERROR("lake.write.committed");
  std::vector<CommittedTable> done;
  done.reserve(attempts.size());
  size_t next = 0;
  for (Attempt& attempt : attempts) {
    const SharedMetadata& metadata =
        attempt.made ? published[next++].metadata : attempt.base.metadata;
    done.push_back(Finish(attempt, metadata));
  }
  return done;
}

// Of large files, so that nobody waits for it, and one after the other: all keys at once are much.
void Writer::IndexKeys(const TableChanges& changes) const {
  for (const TableChanges::KeyedFile& file : changes.keyed_files()) {
    if (!HasIndexFile(file.file)) continue;
    const Result<void> written =
        WriteKeyIndex(IndexFolderOf(changes.metadata()), file.file, changes.KeysOf(file));
    if (!written.ok())
      LogWarning("the index of a new file will be built later",
                 {{"file", file.file.path}, {"reason", written.error().message}});
  }
}

void Writer::ForgetIndexes(const TableChanges& changes) const {
  for (const TableChanges::KeyedFile& file : changes.keyed_files())
    if (HasIndexFile(file.file))
      (void)os::Remove(KeyIndexPath(IndexFolderOf(changes.metadata()), file.file.path)).ok();
}

Result<std::vector<CommittedTable>> Writer::Commit(std::vector<TableChanges*> tables,
                                                   const JoinCommit& also) {
  for (TableChanges* changes : tables) TRY(changes->Seal());
  for (const TableChanges* changes : tables) IndexKeys(*changes);
  std::ranges::sort(tables, {}, [](const TableChanges* changes) -> const std::string& {
    return changes->metadata().uuid;
  });
  Result<std::vector<CommittedTable>> done = CommitSealed(tables, also);
  if (!done.ok())
    for (const TableChanges* changes : tables) ForgetIndexes(*changes);
  return done;
}

Result<std::vector<CommittedTable>> Writer::CommitSealed(const std::vector<TableChanges*>& tables,
                                                         const JoinCommit& also) {
  for (const TableChanges* changes : tables)
    catalog_.foreign_turns().Wait(changes->metadata().uuid);
  std::vector<std::shared_ptr<TableState>> states;
  for (const TableChanges* changes : tables) states.push_back(StateOf(changes->metadata().uuid));
  for (const auto& state : states) state->backlog.Wait();
  std::vector<std::unique_lock<std::mutex>> turns;
  for (const auto& state : states) turns.emplace_back(state->turn);
  for (int i = 1;; ++i) {
    std::vector<Attempt> attempts(tables.size());
    for (size_t t = 0; t < tables.size(); ++t) {
      attempts[t].changes = tables[t];
      attempts[t].state = states[t];
    }
    Result<std::vector<CommittedTable>> done = TryCommit(attempts, also);
    if (done.ok()) {
      turns.clear();
      states.clear();
      attempts.clear();
      Trim();
      return done;
    }
    Discard(attempts);
    if (done.error().code != "table.moved") return done;
    if (i == kAttemptsMax)
      return MakeError(ErrorKind::kConflict, "others committed first, again and again",
                       "table.commit_failed");
  }
}

}  // namespace caudal::lake
