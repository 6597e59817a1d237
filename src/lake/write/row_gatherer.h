// Rows that lie here and there, read together and put in an order.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "base/result.h"
#include "data/batch.h"
#include "data/schema.h"

namespace caudal::lake {

// Rows for keys: some have none.
struct FoundRows {
  static constexpr int64_t kNone = -1;
  Batch rows;                   // of those that there are, in the order of the keys
  std::vector<int64_t> places;  // for each key, its row in `rows`, or kNone
};

// Each source is read once, for all that is wanted of it. One thread at a time.
class RowGatherer {
 public:
  // Gives the rows at these places, ascending and each once, with the columns.
  using Read = std::function<Result<Batch>(std::span<const int64_t>)>;

  RowGatherer(Schema columns, size_t keys) : columns_(std::move(columns)), wanted_(keys) {}

  const Schema& columns() const { return columns_; }
  // Its number.
  size_t AddSource(Read read);
  // The key's row; the last one said counts.
  void Take(size_t key, size_t source, int64_t row) { wanted_[key] = {source, row}; }
  // Once. Errors are those of the sources; kLimit when a column doesn't fit one batch.
  Result<FoundRows> Finish();

 private:
  struct Source {
    Read read;
    std::vector<int64_t> rows;  // ascending
    Batch batch;                // of them
  };
  struct Wanted {
    size_t source = SIZE_MAX;  // none
    int64_t row = 0;
  };

  Result<void> ReadAll();

  const Schema columns_;
  std::vector<Source> sources_;
  std::vector<Wanted> wanted_;  // by key
};

}  // namespace caudal::lake
