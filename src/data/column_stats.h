// What is counted of the columns of a file while it is written: by it, readers leave files out.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "data/batch.h"
#include "data/schema.h"
#include "data/value.h"

namespace caudal {

struct ColumnStats {
  int32_t field_id = 0;  // of a field that isn't nested, at any depth
  Type type{TypeKind::kUnknown};
  int64_t values = 0;  // nulls and NaNs included
  int64_t nulls = 0;   // of those inside a null struct, too
  int64_t nans = 0;
  // The least and greatest of the values that are neither null nor NaN, in the order of Compare
  // (which of -0.0 and 0.0 is not told). Null when there is none, or the field is inside a list or
  // map; the greatest also when there are NaNs, since most engines order them above everything: by
  // a bound, they would lose them. Strings and bytes are cut to kStatsLength code points or bytes:
  // enough to derive bounds of up to kStatsLength - 1.
  Value least;
  Value greatest;
};

constexpr size_t kStatsLength = 17;

// One thread at a time.
class StatsCollector {
 public:
  explicit StatsCollector(const Schema& schema);
  // `batch` passed Check of the same schema.
  void Add(const Batch& batch);
  // In the order in which a Parquet file has them: depth first.
  std::vector<ColumnStats> Columns() const;

 private:
  struct Place;
  void AddField(const Array& array, Place& place);
  void AddLeaf(const Array& array, const Place& place);

  std::vector<ColumnStats> columns_;
};

}  // namespace caudal
