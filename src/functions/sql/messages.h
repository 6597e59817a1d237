// DuckDB's errors in words for those who sent the file or wrote the function.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace caudal::functions {

// What DuckDB says of a CSV file it can't read, with the line: "line 4: 7 columns are declared, and
// there are 3". Other messages lose their advice about DuckDB's own options.
std::string CsvMessage(std::string_view message);
// Whether it may be readable with straight line ends (sql/line_ends.h).
bool IsAboutLineEnds(std::string_view message);

// Its first line without the kind of error before it, and cut to what fits a record.
std::string ShortMessage(std::string_view message);

// Of the user's own SQL: `error` as it is, but no longer than fits a record; limits are told in the
// words of the configuration.
Error InSql(Error error, std::string_view what);

}  // namespace caudal::functions
