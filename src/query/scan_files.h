// The files that a query reads: opened in the store, named for the worker.
#pragma once

#include <cstddef>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/result.h"
#include "engine/engine.h"
#include "lake/files/local_file.h"
#include "lake/files/position_delete_cache.h"
#include "lake/files/snapshot_files.h"
#include "lake/keys/row_set.h"
#include "objects/store.h"
#include "query/file_columns.h"

namespace caudal::query {

// One thread at a time. What it opened isn't removed while it lives.
class ScanFiles {
 public:
  // All must outlive it.
  ScanFiles(objects::Store& store, FileColumnsCache& columns, lake::PositionDeleteCache& deletes)
      : store_(store), columns_(columns), deletes_(deletes) {}

  struct File {
    std::string name;      // as an input: "f28"
    std::string sql_path;  // as SQL names it: "in/f28"
    lake::LocalFile local;
  };
  // Once for each file. kUnsupported for formats other than Parquet, and encrypted ones; kCorrupt,
  // naming it, when it is gone.
  Result<const File*> Open(const lake::DataFile& file);
  Result<SharedColumns> Columns(const lake::DataFile& file);
  // Whether position deletes hit any of its rows: SQL asks caudal_visible for each, then.
  Result<bool> HideDeleted(const lake::ScanFile& scan);

  // In the order of their opening.
  std::vector<engine::Input> Inputs() const;
  // Of the inputs, the deleted ones. Valid as long as no other are hidden.
  std::vector<engine::HiddenRows> Hidden() const;
  size_t size() const { return order_.size(); }

 private:
  std::string NameOf(const std::string& path);

  objects::Store& store_;
  FileColumnsCache& columns_;
  lake::PositionDeleteCache& deletes_;
  std::unordered_map<std::string, File> files_;  // by their place in the table
  std::vector<const File*> order_;
  std::unordered_map<std::string, int> names_;            // how many have it
  std::unordered_map<std::string, lake::RowSet> hidden_;  // by the input's name
};

}  // namespace caudal::query
