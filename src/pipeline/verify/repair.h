// Rows of a source, read anew by their keys, as changes that put its tables right.
#pragma once

#include <cstdint>
#include <stop_token>
#include <vector>

#include "base/result.h"
#include "capture/postgres/connection.h"
#include "capture/postgres/snapshot/snapshot_reader.h"
#include "data/batch.h"
#include "pipeline/source_pipeline.h"
#include "pipeline/verify/compared_table.h"

namespace caudal::pipeline {

struct TableRepair {
  const ComparedTable& table;
  std::string folder;
  uint32_t incarnation = 0;
  Batch keys;  // TableComparison::keys
  int64_t rows_put = 0;
  int64_t rows_removed = 0;
};

// Why keys of this table can't be looked up in the source; empty: they can.
std::string WhyNotByKey(const ComparedTable& table);

// In a task of SourcePipeline::AtCut, at whose point `connection` has begun a transaction: lands of
// each key the row that the source has, as a row of a snapshot, or else that it is deleted. Later
// changes come behind. Rows are counted in `repairs`.
Result<void> LandRepairs(SourcePipeline& pipeline, capture::postgres::Connection& connection,
                         const capture::postgres::SnapshotPoint& point,
                         std::vector<TableRepair>& repairs, const std::stop_token& stop);

}  // namespace caudal::pipeline
