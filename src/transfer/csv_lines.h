// The lines on which rows of a CSV file begin.
#pragma once

#include <cstdint>
#include <vector>

#include "base/result.h"
#include "functions/sql/input.h"
#include "functions/sql/sql_part.h"
#include "os/file.h"

namespace caudal::transfer {

struct CsvLines {
  std::vector<int64_t> rows;      // 0 for one that isn't found
  std::vector<int64_t> rejected;  // likewise
};

// The lines (from 1) of rows (from 0, ascending) in a file whose lines end with LF. `rejected`:
// what stands at these offsets, ascending, is no row.
Result<CsvLines> FindCsvLines(const os::File& file, const functions::CsvOptions& csv,
                              size_t columns, const std::vector<int64_t>& rejected,
                              const std::vector<int64_t>& rows, const functions::GoOn& go_on);

}  // namespace caudal::transfer
