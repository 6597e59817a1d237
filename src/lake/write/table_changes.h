// What one transaction does to one table, before the table is looked at again to commit it.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "data/batch.h"
#include "lake/catalog/catalog.h"
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

// One thread at a time. Rows by key are collapsed: the last one of a key is what is written, once.
// Destroyed uncommitted, it removes what it wrote.
class TableChanges {
 public:
  struct Options {
    DataFileOptions files;
    uint64_t keyed_bytes_max = 256u << 20;  // of rows by key, and their keys; then kLimit
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

  // No more changes: all rows go into files.
  Result<void> Seal();

  // After Seal.
  const std::vector<WrittenFile>& files() const { return files_; }
  // Objects that others made: they stay, whatever becomes of the commit.
  const std::vector<AddedFile>& objects() const { return objects_; }
  bool replaces() const { return replace_; }
  // Keys whose rows in the table are to go; empty: none.
  const EncodedKeys& touched() const { return keyed_.keys(); }
  const std::map<std::string, std::string>& notes() const { return notes_; }
  // The keys of a file's rows, where they are known; see TableKeys::ExpectData.
  std::map<std::string, EncodedKeys>& keys_of_files() { return keys_of_files_; }
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

  Result<void> NeedKeys();
  Result<EncodedKeys> KeysOf(const Batch& batch, std::span<const RowChange> changes) const;
  Result<std::vector<size_t>> PlacesOf(const Schema& columns) const;
  void Forget(RowPlace place);
  Result<void> CheckBudget() const;
  Result<void> WriteKeyed();

  const WriteContext context_;
  const LoadedTable table_;
  const Options options_;
  bool replace_ = false;
  std::optional<int64_t> read_at_;
  std::map<std::string, std::string> notes_;
  std::unique_ptr<DataFileWriter> appended_;
  std::optional<KeyCodec> codec_;
  Schema lenient_;  // the table's, without a column that is required
  KeyedRows keyed_;
  std::vector<Pending> pending_;  // by the part of a RowPlace
  uint64_t pending_bytes_ = 0;
  std::vector<WrittenFile> files_;
  std::vector<AddedFile> objects_;
  std::map<std::string, EncodedKeys> keys_of_files_;
};

}  // namespace caudal::lake
