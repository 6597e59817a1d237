// Deletes by the values of columns, as other engines write them: which rows of data files they hit.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "base/result.h"
#include "data/batch.h"
#include "data/schema.h"
#include "lake/files/snapshot_files.h"
#include "lake/keys/row_set.h"
#include "lake/write/context.h"

namespace caudal::lake {

// Null is equal to null, and NaN to NaN. One thread at a time.
class EqualityDeletes {
 public:
  // `metadata` must outlive it.
  explicit EqualityDeletes(const TableMetadata& metadata) : metadata_(metadata) {}

  // Reads these, of those that weren't read yet. kUnsupported, naming the file, for columns that
  // are nested, or in others; kLimit when there are too many to be held in memory.
  Result<void> Read(const WriteContext& context, const std::vector<SharedFile>& deletes);

  // Columns to read from data files: those of the present schema, then what else deletes need.
  Result<Schema> Columns() const;
  // Adds the rows of this batch (of Columns) that the deletes of `scan` hit, all of them read.
  void Mark(const ScanFile& scan, const Batch& batch, int64_t first_row, RowSet& deleted) const;

 private:
  // Deletes with the same columns and of the same partition; of all partitions, when it is empty.
  struct Scope {
    std::vector<int32_t> ids;
    std::string partition;
    auto operator<=>(const Scope&) const = default;
  };
  // From the values to the highest sequence number of a file that has them.
  using Values = std::unordered_map<std::string, int64_t>;

  Result<Schema> ColumnsOf(const SharedFile& deletes) const;
  Scope ScopeOf(const LiveFile& deletes) const;
  const Field* Find(int32_t id) const;

  const TableMetadata& metadata_;
  std::unordered_set<std::string> read_;
  std::vector<Field> more_;  // columns that the present schema lacks
  std::map<Scope, Values> scopes_;
  uint64_t bytes_ = 0;
};

// The partition of a file, as text that is equal for equal ones.
std::string PartitionText(const LiveFile& file);

}  // namespace caudal::lake
