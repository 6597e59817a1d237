// Compares the rows of two tables in bounded memory, however many there are.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "data/batch.h"
#include "data/json.h"
#include "data/schema.h"
#include "lake/keys/key_codec.h"
#include "pipeline/verify/row_differences.h"

namespace caudal::pipeline {

// All rows of one side, in batches of the compared schema; called several times, with the same
// rows each time, in any order.
using ReadAll = std::function<Result<void>(const std::function<Result<void>(const Batch&)>&)>;

struct ComparisonLimits {
  size_t shown = 100;
  // Beyond, no more are looked for.
  size_t differences = 100'000;
  // In memory at once, as 32 bytes each, of rows that may differ; for more, both sides are read
  // again, so many times at most.
  int64_t rows_at_once = 2'000'000;
  int rounds = 8;
};

struct ShownDifference {
  struct Column {
    std::string name;
    Json source;  // texts, or null
    Json replica;
  };
  DifferenceKind kind = DifferenceKind::kChanged;
  int64_t rows = 1;
  Json key;                     // an object of texts; without a key, all of the row
  std::vector<Column> columns;  // that differ, of kChanged; none: the replica has several such rows
};

struct TableComparison {
  int64_t source_rows = 0;
  int64_t replica_rows = 0;
  int64_t missing = 0;  // rows, in the replica
  int64_t extra = 0;
  int64_t changed = 0;
  bool complete = true;  // false: there are at least so many differences
  std::vector<ShownDifference> shown;
  // The keys of all that differ, in KeyCodec::key_schema's columns.
  Batch keys;

  bool equal() const { return complete && missing == 0 && extra == 0 && changed == 0; }
  int64_t differences() const { return missing + extra + changed; }
};

// `schema` is the compared one; `codec` the replica's key among its fields, or none. Errors are the
// readers'.
Result<TableComparison> CompareRows(const Schema& schema,
                                    const std::optional<lake::KeyCodec>& codec,
                                    const ReadAll& source, const ReadAll& replica,
                                    const ComparisonLimits& limits = {});

}  // namespace caudal::pipeline
