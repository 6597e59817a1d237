// Keys for rows of a table that has none: what is in the row, and how many rows like it there are.
//
// `_caudal_key` of such a replica is "<digest>-<n>": 32 hexadecimal digits of the row's values, and
// n counts the rows that have the same ones, from 0. A row that comes gets the next number, one
// that goes takes the last: rows that are alike are the same to everybody.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/result.h"
#include "data/batch.h"
#include "pipeline/change_layout.h"
#include "pipeline/keyed_rows.h"

namespace caudal::pipeline {

// The digest of each row of these columns, with what they can't hold (a list of `column` and
// `value`). Values of different columns, nulls and empty ones are told apart.
std::vector<std::string> RowDigests(const std::vector<Array>& columns,
                                    const Array& unrepresentable);

// Of one table, in one commit. One thread at a time.
class RowKeys {
 public:
  // Which of these keys are in the replica, as it was before the commit.
  using Find = std::function<Result<std::vector<bool>>(const std::vector<std::string>& keys)>;

  explicit RowKeys(Find find) : find_(std::move(find)) {}

  // As KeyedRowsOf, of a layout with row_key. `changes` come in order, call after call. A row that
  // goes and isn't there counts in missing().
  Result<KeyedRows> Apply(const ChangeLayout& layout, const Batch& changes);
  int64_t missing() const { return missing_; }
  // The table is empty.
  void Clear();

 private:
  Result<void> Count(const std::vector<std::string>& digests);

  const Find find_;
  bool empty_ = false;                               // but for what came since
  std::unordered_map<std::string, int64_t> counts_;  // by digest
  int64_t missing_ = 0;
};

}  // namespace caudal::pipeline
