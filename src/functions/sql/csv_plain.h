// CSV files of the plainest kind: UTF-8, lines that end in LF, no quotes, and as many values in
// every line as there are columns. There is one way only to read them, so that it takes no reader
// to know that they can be read, and how many rows they have.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "base/result.h"
#include "functions/sql/input.h"
#include "functions/sql/sql_part.h"
#include "os/file.h"

namespace caudal::functions {

// Records in whole lines, without the empty ones. Nothing when they aren't plain.
std::optional<uint64_t> CountPlainLines(std::string_view lines, const CsvOptions& options,
                                        size_t columns);

// Of a whole file, the header too, by two threads.
Result<std::optional<uint64_t>> CountPlainRecords(const os::File& file, const CsvOptions& options,
                                                  size_t columns, const GoOn& go_on);

}  // namespace caudal::functions
