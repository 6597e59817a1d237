// What one transaction does to one table, before the table is looked at again to commit it.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <unordered_set>
#include <utility>
#include <vector>

#include "base/result.h"
#include "data/batch.h"
#include "lake/catalog/catalog.h"
#include "lake/files/live_file.h"
#include "lake/keys/key_codec.h"
#include "lake/keys/row_set.h"
#include "lake/write/context.h"
#include "lake/write/data_files.h"
#include "lake/write/keyed_rows.h"
#include "lake/write/row_gatherer.h"

namespace caudal::lake {

// What a row does to the row with its key.
enum class RowChange : uint8_t {
  kPut,     // takes its place
  kRemove,  // takes it away: only the key's columns count
  kKeep,    // nothing: the row is passed over, whatever is in it
};

// One thread at a time. Rows by key are collapsed: the last one of a key is what stays. They wait
// in memory until Spill or Seal, and then are rows of files, of which a later row can still take
// the place: those are deleted by position, in the same commit. Destroyed uncommitted, it removes
// what it wrote.
class TableChanges {
 public:
  struct Options {
    DataFileOptions files;
    uint64_t keys_bytes_max = 512u << 20;  // of what is held of all keys in memory; then kLimit
  };

  TableChanges(const WriteContext& context, LoadedTable table, const Options& options)
      : context_(context), table_(std::move(table)), options_(options) {}
  ~TableChanges();

  const TableName& name() const { return table_.name; }
  const TableMetadata& metadata() const { return *table_.metadata; }
  const SharedMetadata& shared_metadata() const { return table_.metadata; }

  Result<void> Append(const Batch& batch);
  // See WriteTransaction. Without `changes`, all rows are put.
  Result<void> Change(const Batch& batch, std::span<const RowChange> changes);
  Result<void> Delete(const Batch& keys);
  Result<void> AddFile(DataFile file);
  void RemoveFile(std::string path) { removed_.insert(std::move(path)); }
  void Replace() { replace_ = true; }
  void Note(const std::string& key, const std::string& value) { notes_[key] = value; }

  // What this transaction says of the keys goes to `gatherer`; gives those that it says nothing of:
  // their places in `keys`. The gatherer's columns are some of the table's.
  Result<std::vector<size_t>> Gather(const EncodedKeys& keys, RowGatherer& gatherer);
  Result<EncodedKeys> EncodeKeys(const Batch& keys);  // of the identifier fields alone
  // Rows of the table were read at this snapshot: the commit depends on them.
  static constexpr int64_t kNoSnapshot = -1;
  void SetReadAt(int64_t snapshot) { read_at_ = snapshot; }
  std::optional<int64_t> read_at() const { return read_at_; }

  // Of the rows by key that wait in memory.
  uint64_t waiting_bytes() const { return pending_bytes_; }
  // They become rows of objects, and wait no more.
  Result<void> Spill();
  // No more changes: all rows go into files.
  Result<void> Seal();

  // After Seal.
  const std::vector<WrittenFile>& files() const { return files_; }
  // Objects that others made: they stay, whatever becomes of the commit.
  const std::vector<AddedFile>& objects() const { return objects_; }
  // Rows of files() that later ones took the place of.
  const std::vector<FileRows>& deleted() const { return deleted_; }
  bool replaces() const { return replace_; }
  // Paths of the table's data files that are to go.
  const std::unordered_set<std::string>& removed() const { return removed_; }
  // Keys whose rows in the table are to go; empty: none.
  const EncodedKeys& touched() const { return keyed_.keys(); }
  const std::map<std::string, std::string>& notes() const { return notes_; }
  // Those of files() that have rows by key: what KeysOf gives is the keys of their rows, deleted
  // ones too. See TableKeys::ExpectData.
  struct KeyedFile {
    DataFile file;
    std::vector<uint32_t> numbers;  // of each row's key
  };
  const std::vector<KeyedFile>& keyed_files() const { return keyed_files_; }
  EncodedKeys KeysOf(const KeyedFile& file) const;
  void Committed() {
    RemoveLocal(files_);
    files_.clear();
  }

 private:
  // Rows by key that wait to be written.
  struct Pending {
    Batch batch;
    std::vector<uint32_t> numbers;  // of each row's key, of those that aren't dead
    RowSet dead;                    // not to be written: replaced or removed by a later row
  };
  // And those that are written. A file without a live row is removed at once.
  struct Spilled {
    WrittenFile file;  // with the numbers of its rows' keys
    RowSet dead;
    bool gone = false;
  };
  // A RowPlace's part: a place in spilled_, or this and a place in pending_.
  static constexpr uint32_t kPendingFrom = 1u << 31;

  Result<void> NeedKeys();
  Result<EncodedKeys> KeysOfRows(const Batch& batch, std::span<const RowChange> changes) const;
  Result<std::vector<size_t>> PlacesOf(const Schema& columns) const;
  Result<Batch> ReadAt(uint32_t part, const Schema& columns, const std::vector<size_t>& places,
                       std::span<const int64_t> rows) const;
  void Forget(RowPlace place);
  void ForgetSpilled(Spilled& spilled, uint32_t row);
  Result<void> CheckBudget() const;
  Result<void> WritePending(const DataFileOptions& options);
  Result<void> WriteTo(DataFileWriter& writer, Pending pending) const;

  const WriteContext context_;
  const LoadedTable table_;
  const Options options_;
  bool replace_ = false;
  std::unordered_set<std::string> removed_;
  std::optional<int64_t> read_at_;
  std::map<std::string, std::string> notes_;
  std::unique_ptr<DataFileWriter> appended_;
  std::optional<KeyCodec> codec_;
  Schema lenient_;  // the table's, without a column that is required
  KeyedRows keyed_;
  std::vector<Pending> pending_;
  uint64_t pending_bytes_ = 0;
  std::vector<Spilled> spilled_;
  uint64_t spilled_rows_ = 0;  // of those that aren't gone
  std::vector<WrittenFile> files_;
  std::vector<AddedFile> objects_;
  std::vector<FileRows> deleted_;
  std::vector<KeyedFile> keyed_files_;
};

}  // namespace caudal::lake
