// The rows that a table has in one of its snapshots.
#pragma once

#include <functional>
#include <stop_token>
#include <vector>

#include "base/result.h"
#include "data/batch.h"
#include "lake/files/local_file.h"
#include "lake/files/snapshot_files.h"
#include "lake/format/table_metadata.h"
#include "lake/upkeep/deleted_rows.h"
#include "lake/write/writer.h"

namespace caudal::pipeline {

// Whatever happens to the table meanwhile: its files stay while this lives. One thread at a time.
class ReplicaRows {
 public:
  // The current snapshot of `metadata`. kUnsupported for deletes that can't be read here.
  static Result<ReplicaRows> Open(lake::Writer& writer, lake::SharedMetadata metadata);

  // All rows, in batches, with these columns of the table (see engine::ParquetReader). kCancelled
  // after `stop`.
  Result<void> Read(const Schema& columns, const std::stop_token& stop,
                    const std::function<Result<void>(const Batch&)>& visit);

 private:
  explicit ReplicaRows(const lake::WriteContext& context) : context_(context) {}

  Result<void> ReadFile(size_t number, const Schema& columns, const std::stop_token& stop,
                        const std::function<Result<void>(const Batch&)>& visit);

  const lake::WriteContext context_;
  lake::SharedMetadata metadata_;
  std::vector<lake::ScanFile> scan_;
  std::vector<lake::LocalFile> files_;  // of scan_
  lake::DeletedRows deleted_;
};

}  // namespace caudal::pipeline
