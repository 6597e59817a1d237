// What a statement gives back: column batches in shared memory.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "data/arrow.h"

namespace caudal::engine {

struct Column {
  std::string name;
  std::string type;  // as DuckDB writes it: "DECIMAL(18,2)", "STRUCT(a INTEGER)[]"
};

// Some rows of a result, column by column, as the worker laid them out: mapped read-only, checked
// once against the schema, never copied. Copies of a Batch share the memory, which lasts as long as
// one of them.
class Batch {
 public:
  Batch(std::shared_ptr<const void> memory, const ArrowArray* array)
      : memory_(std::move(memory)), array_(array) {}

  int64_t rows() const { return array_->length; }
  // A struct array with one child a column. Valid while this Batch (or a copy) lives; its `release`
  // is null: there is nothing to release.
  const ArrowArray& array() const { return *array_; }

 private:
  std::shared_ptr<const void> memory_;
  const ArrowArray* array_;
};

// One thread at a time. Must go before its session does; destroyed before its end, it stops the
// statement.
class Rows {
 public:
  virtual ~Rows() = default;

  virtual const std::vector<Column>& columns() const = 0;  // none: the statement gives no rows
  virtual const ArrowSchema& schema() const = 0;           // the same, in Arrow's terms
  // The next rows, nothing at the end. Waits; errors are those of Session::Run.
  virtual Result<std::optional<Batch>> Next() = 0;
  // Rows that INSERT, UPDATE, DELETE, MERGE, CREATE TABLE AS or COPY wrote.
  virtual int64_t rows_changed() const = 0;
};

// A whole result as text, for callers who want a few values: each as CAST(… AS VARCHAR) would write
// it.
struct Table {
  std::vector<Column> columns;
  std::vector<std::vector<std::optional<std::string>>> rows;  // nothing: NULL
};
// kLimit when there are more than `rows_max` rows.
Result<Table> ReadAll(Rows& rows, size_t rows_max);

}  // namespace caudal::engine
