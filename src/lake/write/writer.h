// Our own commits: rows appended, changed by key, deleted or replaced, in any number of tables
// together.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/mutex.h"
#include "base/result.h"
#include "lake/catalog/catalog.h"
#include "lake/files/manifest_cache.h"
#include "lake/keys/table_keys.h"
#include "lake/upkeep/retention.h"
#include "lake/write/backlog.h"
#include "lake/write/table_changes.h"

namespace caudal::lake {

struct WriterOptions {
  std::string folder;        // emptied by Open; on the object store's file system
  std::string index_folder;  // primary-key indexes, a folder for each table; can be deleted
  TableChanges::Options changes;
  // Of one transaction's rows by key that wait in memory; those beyond go into files before the
  // commit.
  uint64_t rows_bytes_max = 256u << 20;
  ManifestLimits manifests;
  Retention retention;
  uint64_t keys_bytes_max = 256u << 20;    // of tables' keys in memory, beside what is mapped
  uint64_t deletes_bytes_max = 64u << 20;  // of deleted rows that are kept in memory
};

struct CommittedTable {
  TableName name;
  int64_t snapshot_id = 0;  // 0: there was nothing to change
  int64_t added_rows = 0;
  int64_t deleted_rows = 0;
  SharedMetadata metadata;
};

// A table's keys, and whose turn it is to change it. Inside lake only. Who holds the turns of
// several tables took them in the order of their UUIDs.
struct TableState {
  std::mutex turn;
  Backlog backlog;
  std::unique_ptr<TableKeys> keys;  // for who has the turn
};

class Writer;

// Changes to tables, until Commit. One thread at a time. Rows are of the table's schema as SchemaOf
// gives it. Errors: kNotFound ("table.not_found"), kInvalid (rows that don't fit, "table.no_key"),
// kUnsupported (types and transforms that can't be written; changes by key of tables of format
// version 3), kLimit, kDiskFull. After one, the transaction is of no use.
class WriteTransaction {
 public:
  ~WriteTransaction();

  // As the table was when the transaction first named it.
  Result<Schema> SchemaOf(const TableName& table);
  Result<SharedMetadata> MetadataOf(const TableName& table);

  // Adds rows. Their keys aren't looked at, nor are they by the changes below.
  Result<void> Append(const TableName& table, const Batch& rows);
  // Rows in order, by key: each puts itself in the place of the row with its key, in the table or
  // of this transaction, or removes it. Of those that don't put, columns beside the key may be
  // null even where a value is required. A change for each row, or none: then all are put.
  Result<void> Change(const TableName& table, const Batch& rows,
                      std::span<const RowChange> changes);
  Result<void> Upsert(const TableName& table, const Batch& rows) { return Change(table, rows, {}); }
  // Rows with these keys go. Columns: the identifier fields, in the order of their ids.
  Result<void> Delete(const TableName& table, const Batch& keys);
  // An object that is there already becomes a data file of the table, which isn't partitioned. It
  // was written under the field ids of the table's schema; DescribeFile and DescribeObject say what
  // is in it (lake/written_file.h). Keys of its rows aren't looked at. It is never removed when the
  // commit doesn't happen: it stays whose it was. Commit refuses one that is gone, or another than
  // described (kCorrupt), or in the table already (kAlreadyExists, "table.file_exists").
  Result<void> AddFile(const TableName& table, DataFile file);
  // A data file leaves the table, with all its rows. Commit: kConflict ("table.file_gone") when it
  // isn't in the table any more. The file itself stays, for older snapshots.
  Result<void> RemoveFile(const TableName& table, const std::string& path);
  // The present values of some of the table's columns (by field id, with their types) in the rows
  // with these keys: in the table as it is now, with what this transaction has changed so far by
  // key. Columns of `keys` are as for Delete. Of several rows of one key in the table, the one that
  // was added last counts; rows that this transaction appended don't. Costs a look-up a key, which
  // waits for a commit to the table that is on its way, and of each file that has a row the row
  // groups around it.
  //
  // What the table's rows were, this transaction depends on from now on: when another's commit
  // changes the table before its own, that is kConflict ("table.rows_changed"), and the caller
  // begins a new transaction; so is a second call that meets other rows. Compaction doesn't count.
  // A table whose rows were read, or weren't there, in this transaction alone has no such bond.
  Result<FoundRows> Rows(const TableName& table, const Batch& keys, const Schema& columns);
  // All rows that are in the table at the commit go.
  Result<void> Replace(const TableName& table);
  // Into the summary of the table's snapshot: source positions and the like. The snapshot is made
  // even if no row changes.
  Result<void> Note(const TableName& table, const std::string& key, const std::string& value);

  // Once. All of it is durable and visible when it returns ok, with what `also` writes; nothing has
  // changed after an error. What others committed meanwhile stays: rows by key are looked up in the
  // state that is replaced. kConflict ("table.changed") when a table's columns, partitions or
  // identity aren't those any more that the rows were given for, and ("table.commit_failed") when
  // others commit all the time.
  Result<std::vector<CommittedTable>> Commit(const JoinCommit& also = {});

 private:
  friend class Writer;
  explicit WriteTransaction(Writer& writer) : writer_(writer) {}
  Result<TableChanges*> ChangesOf(const TableName& table);
  Result<void> SpillBeyondBudget();

  Writer& writer_;
  std::map<std::string, std::unique_ptr<TableChanges>> tables_;  // by TextOf
};

// Thread-safe. Must outlive its transactions.
class Writer {
 public:
  // All references must outlive it.
  static Result<std::unique_ptr<Writer>> Open(WriterOptions options, Catalog& catalog,
                                              ManifestCache& manifests, objects::Store& store,
                                              engine::InProcessDatabase& database, Clock& clock,
                                              Random& random);

  std::unique_ptr<WriteTransaction> Begin();

  // For lake/upkeep.
  const WriteContext& context() const { return context_; }
  const WriterOptions& options() const { return options_; }
  Catalog& catalog() { return catalog_; }
  ManifestCache& manifests() { return manifests_; }
  PositionDeleteCache& deletes() { return *deletes_; }  // for queries, too
  std::shared_ptr<TableState> StateOf(const std::string& uuid) EXCLUDES(mutex_);
  // The table's keys, made when there are none. `state`'s turn is the caller's.
  Result<TableKeys*> KeysOf(TableState& state, const TableMetadata& metadata);
  // Of a table that isn't there any more: what is kept of its keys.
  void Forget(const TableMetadata& metadata) EXCLUDES(mutex_);
  // `metadata` with the snapshot as main's new head, and without those that are to go.
  Result<TableMetadata> WithSnapshot(const LoadedTable& base, const Snapshot& snapshot);

 private:
  friend class WriteTransaction;
  struct Attempt;

  Writer(WriterOptions options, Catalog& catalog, ManifestCache& manifests,
         std::unique_ptr<PositionDeleteCache> deletes, const WriteContext& context)
      : options_(std::move(options)),
        catalog_(catalog),
        manifests_(manifests),
        deletes_(std::move(deletes)),
        context_(context) {}
  Result<std::vector<CommittedTable>> Commit(std::vector<TableChanges*> tables,
                                             const JoinCommit& also);
  Result<std::vector<CommittedTable>> CommitSealed(const std::vector<TableChanges*>& tables,
                                                   const JoinCommit& also);
  Result<std::vector<CommittedTable>> TryCommit(std::vector<Attempt>& attempts,
                                                const JoinCommit& also);
  // The table's rows for the keys at these places.
  Result<void> Gather(TableChanges& changes, const EncodedKeys& keys,
                      const std::vector<size_t>& which, RowGatherer& gatherer);
  Result<void> Prepare(Attempt& attempt);
  Result<void> FindDeleted(Attempt& attempt, FileChanges& changes);
  Result<void> EncodeDeleted(Attempt& attempt);
  void IndexKeys(const TableChanges& changes) const;
  void ForgetIndexes(const TableChanges& changes) const;
  CommittedTable Finish(Attempt& attempt, SharedMetadata metadata);
  void Discard(std::vector<Attempt>& attempts);
  void Trim() EXCLUDES(mutex_);
  std::string IndexFolderOf(const TableMetadata& metadata) const {
    return options_.index_folder + "/" + metadata.uuid;
  }

  const WriterOptions options_;
  Catalog& catalog_;
  ManifestCache& manifests_;
  const std::unique_ptr<PositionDeleteCache> deletes_;
  const WriteContext context_;
  Mutex mutex_;
  struct Held {
    std::shared_ptr<TableState> state;
    uint64_t last_used = 0;
    uint64_t bytes = 0;
  };
  std::unordered_map<std::string, Held> states_ GUARDED_BY(mutex_);  // by the table's UUID
  uint64_t uses_ GUARDED_BY(mutex_) = 0;
};

}  // namespace caudal::lake
