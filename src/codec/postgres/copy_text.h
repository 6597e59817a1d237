// Rows of COPY … TO STDOUT in its text format (PostgreSQL documentation, COPY, "Text Format").
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "codec/postgres/tuple.h"

namespace caudal::postgres {

// Splits chunks that hold whole rows, as CopyData messages do.
//
//   CopyTextReader reader(columns);
//   for (std::string_view rest = chunk; !rest.empty();)
//     for (const ColumnValue& value : TRY(reader.Next(rest))) ...
//
// One thread at a time.
class CopyTextReader {
 public:
  explicit CopyTextReader(size_t columns) : row_(columns) {}

  // The values of the next row, kNull or kText, valid until the next Next and as long as the chunk
  // is: what has no escapes isn't copied. `rest` loses the row. kInvalid, naming the column, for
  // other numbers of columns, and rows that don't end. Allocates nothing once its buffer is as long
  // as the longest row with escapes.
  Result<std::span<const ColumnValue>> Next(std::string_view& rest);

 private:
  Result<void> Split(std::string_view row);
  ColumnValue Unescape(std::string_view field);

  std::vector<ColumnValue> row_;
  std::string plain_;  // as long as it ever had to be
  size_t plain_size_ = 0;
};

}  // namespace caudal::postgres
