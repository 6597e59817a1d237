// The primary keys of a table: which live rows have a key. What applying changes to a table costs
// depends on the changes, not on the table.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "base/result.h"
#include "engine/in_process.h"
#include "lake/files/snapshot_files.h"
#include "lake/keys/key_codec.h"
#include "lake/keys/key_index.h"
#include "lake/keys/row_set.h"
#include "lake/keys/small_file_keys.h"
#include "objects/store.h"

namespace caudal::lake {

// Where the index of a data file lies that has one. One that is there already when the file comes
// into the table isn't built again.
std::string KeyIndexPath(const std::string& folder, const std::string& data_file);

// Such an index, made of the keys of all rows of the file. The folder is made when it isn't there.
Result<void> WriteKeyIndex(const std::string& folder, const DataFile& file,
                           const EncodedKeys& keys);

struct TableKeysOptions {
  std::string folder;            // of this table's index files; made when it is needed
  int64_t mapped_rows = 32'768;  // files of so many rows have an index file, others are in memory
};

// Whether a file's keys are in an index file.
inline bool HasIndexFile(const DataFile& file, const TableKeysOptions& options = {}) {
  return file.record_count >= options.mapped_rows;
}

// Everything here can be built again from the table, and is when it is missing or doesn't fit. One
// thread at a time.
class TableKeys {
 public:
  // `schema` has identifier fields: kInvalid ("table.no_key") otherwise, besides KeyCodec's errors.
  static Result<std::unique_ptr<TableKeys>> Make(objects::Store& store,
                                                 engine::InProcessDatabase& database,
                                                 const Schema& schema, TableKeysOptions options);

  const KeyCodec& codec() const { return codec_; }
  // Whether the key columns are these.
  bool Fits(const Schema& schema) const;

  // What the next snapshot brings is known already: no need to read it from its files.
  void ExpectData(const std::string& path, EncodedKeys keys);
  void ExpectDeletes(const std::string& path, std::vector<FileRows> deleted);
  // Brings it to this snapshot. Reads the files that are new since the last call; all of them when
  // the snapshot doesn't descend from the last one. What was expected and didn't come is forgotten.
  // kUnsupported when there are equality deletes or deletion vectors; kCorrupt naming a file.
  // After an error the next call begins anew.
  Result<void> Advance(const TableMetadata& metadata, const Snapshot& snapshot,
                       const SnapshotFiles& files);

  // The live rows that have one of these keys.
  Result<std::vector<FileRows>> Find(const EncodedKeys& keys) const;
  // The same row by row, in no order.
  struct KeyedRow {
    size_t key;  // its place in `keys`
    SharedFile file;
    int64_t row;
  };
  Result<std::vector<KeyedRow>> Locate(const EncodedKeys& keys) const;
  // Null: none. Rows of a data file that are deleted in the snapshot.
  const RowSet* DeletedOf(const std::string& path) const;

  uint64_t memory() const;  // without what is mapped

 private:
  struct Entry {
    SharedFile file;
    uint32_t number = 0;            // in small_
    std::optional<KeyIndex> index;  // none: in small_
    RowSet deleted;
  };

  TableKeys(objects::Store& store, engine::InProcessDatabase& database, KeyCodec codec,
            TableKeysOptions options)
      : store_(store),
        database_(database),
        codec_(std::move(codec)),
        options_(std::move(options)) {}

  Result<void> Follow(const TableMetadata& metadata, const SnapshotFiles& files);
  void Reset();
  Result<void> AddFile(const SharedFile& file);
  Result<KeyIndex> IndexOf(const SharedFile& file);
  Result<EncodedKeys> KeysOf(const DataFile& file);
  void Delete(const std::vector<FileRows>& deleted);
  Result<void> ReadDeletes(const SharedFile& deletes, const std::vector<ScanFile>& scan);
  void Forget(Entry& entry);
  void RemoveStrangers();

  objects::Store& store_;
  engine::InProcessDatabase& database_;
  const KeyCodec codec_;
  const TableKeysOptions options_;

  std::optional<int64_t> snapshot_;                                  // where it stands
  std::unordered_map<std::string, std::unique_ptr<Entry>> entries_;  // by path
  std::vector<Entry*> by_number_;                                    // null: gone
  std::unordered_set<std::string> deletes_read_;                     // paths
  SmallFileKeys small_;
  std::unordered_map<std::string, EncodedKeys> expected_data_;
  std::unordered_map<std::string, std::vector<FileRows>> expected_deletes_;
  bool strangers_removed_ = false;
};

}  // namespace caudal::lake
