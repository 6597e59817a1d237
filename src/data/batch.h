// Some rows of a table, column by column: what flows between sources, the engine and the lake.
#pragma once

#include <cstdint>
#include <vector>

#include "base/result.h"
#include "data/array.h"
#include "data/schema.h"

namespace caudal {

// Immutable; copies and slices share the memory. A batch doesn't hold its schema: the columns are
// its fields in order.
class Batch {
 public:
  Batch() = default;
  Batch(int64_t rows, std::vector<Array> columns);  // each of so many rows

  int64_t rows() const { return rows_; }
  const std::vector<Array>& columns() const { return columns_; }
  const Array& column(size_t i) const { return columns_[i]; }

  Batch Slice(int64_t first, int64_t rows) const;
  uint64_t ByteSize() const;

  // Whether the rows may stand in a table of `schema`: the columns' types are the fields' (names
  // and ids don't matter), nothing required is null, strings are UTF-8, decimals have no more
  // digits than their type, times lie within a day. kInvalid naming the column and the row.
  Result<void> Check(const Schema& schema) const;

 private:
  int64_t rows_ = 0;
  std::vector<Array> columns_;
};

// The types are laid out alike: they differ in names, ids, requirements and docs at most.
bool SameLayout(const Type& a, const Type& b);

}  // namespace caudal
