// What one transaction does to one table, before the table is looked at again to commit it.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "data/batch.h"
#include "lake/catalog/catalog.h"
#include "lake/keys/key_codec.h"
#include "lake/keys/row_set.h"
#include "lake/keys/small_file_keys.h"
#include "lake/write/context.h"
#include "lake/write/data_files.h"

namespace caudal::lake {

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
  Result<void> Upsert(const Batch& batch);
  Result<void> Delete(const Batch& keys);
  void Replace() { replace_ = true; }
  void Note(const std::string& key, const std::string& value) { notes_[key] = value; }

  // No more changes: all rows go into files.
  Result<void> Seal();

  // After Seal.
  const std::vector<WrittenFile>& files() const { return files_; }
  bool replaces() const { return replace_; }
  // Keys whose rows in the table are to go; empty: none.
  const EncodedKeys& touched() const { return touched_; }
  const std::map<std::string, std::string>& notes() const { return notes_; }
  // The keys of a file's rows, where they are known; see TableKeys::ExpectData.
  std::map<std::string, EncodedKeys>& keys_of_files() { return keys_of_files_; }
  void Committed() {
    RemoveLocal(files_);
    files_.clear();
  }

 private:
  struct Pending {
    Batch batch;
    RowSet dead;  // replaced or deleted by a later row of its key
  };

  Result<void> NeedKeys();
  void Touch(const EncodedKeys& keys);
  Result<void> CheckBudget() const;
  Result<void> WriteKeyed();

  const WriteContext context_;
  const LoadedTable table_;
  const Options options_;
  bool replace_ = false;
  std::map<std::string, std::string> notes_;
  std::unique_ptr<DataFileWriter> appended_;
  std::optional<KeyCodec> codec_;
  EncodedKeys touched_;
  std::vector<Pending> pending_;
  SmallFileKeys pending_keys_;  // a file is a batch of pending_
  uint64_t pending_bytes_ = 0;
  std::vector<WrittenFile> files_;
  std::map<std::string, EncodedKeys> keys_of_files_;
};

}  // namespace caudal::lake
