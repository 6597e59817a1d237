// The files that a query reads: opened in the store, named for the worker.
#pragma once

#include <cstddef>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/result.h"
#include "engine/engine.h"
#include "lake/files/local_file.h"
#include "objects/store.h"
#include "query/file_columns.h"

namespace caudal::query {

// One thread at a time. What it opened isn't removed while it lives.
class ScanFiles {
 public:
  // Both must outlive it.
  ScanFiles(objects::Store& store, FileColumnsCache& columns) : store_(store), columns_(columns) {}

  struct File {
    std::string sql_path;  // as SQL names it: "in/f7"
    lake::LocalFile local;
  };
  // Once for each file. kUnsupported for formats other than Parquet, and encrypted ones; kCorrupt,
  // naming it, when it is gone.
  Result<const File*> Open(const lake::DataFile& file);
  Result<SharedColumns> Columns(const lake::DataFile& file);

  // In the order of their opening.
  std::vector<engine::Input> Inputs() const;
  size_t size() const { return order_.size(); }

 private:
  objects::Store& store_;
  FileColumnsCache& columns_;
  std::unordered_map<std::string, File> files_;  // by their place in the table
  std::vector<const File*> order_;
};

}  // namespace caudal::query
