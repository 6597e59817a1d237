// The first line of a CSV file, read by ourselves: what is no CSV shows there, and can be told in
// words that help.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "functions/sql/sql_part.h"

namespace caudal::functions {

// As many bytes of the file are looked at.
inline constexpr size_t kCsvHeadBytes = 256u << 10;

// The values of the first line of `start`, the beginning of a file (`whole`: all of it). kInvalid:
// empty, not UTF-8 (naming UTF-16 where it is that), not text, or no end of the line in sight.
Result<std::vector<std::string>> ReadCsvHead(std::string_view start, bool whole,
                                             const CsvOptions& options);

// The columns of a file in its order, with their types, text where none is declared. With a header
// the declared columns must be those of the file, in any order; without one they are in the file's
// order, and must be as many. kInvalid names what is missing, unknown or twice.
Result<std::vector<std::pair<std::string, std::string>>> MatchColumns(
    const std::vector<std::string>& head,
    const std::vector<std::pair<std::string, std::string>>& declared, const CsvOptions& options);

}  // namespace caudal::functions
