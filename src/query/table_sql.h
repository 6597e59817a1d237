// A table at one of its snapshots as a SELECT over Parquet files.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "lake/files/snapshot_files.h"
#include "lake/format/table_metadata.h"
#include "query/scan_files.h"

namespace caudal::query {

struct TableScan {
  const lake::TableMetadata& metadata;
  const Schema& schema;               // its columns are the result's
  std::vector<lake::ScanFile> files;  // those that are read
};

// Columns are found by field id: names, order and types of files don't matter. Files that are read
// alike are one read_parquet. Rows that are deleted by position are hidden (ScanFiles); only files
// that have equality deletes are joined with them.
Result<std::string> TableSql(const TableScan& scan, ScanFiles& files);

}  // namespace caudal::query
