// Counts the records of a CSV file by ourselves: DuckDB's reader passes without a word over lines
// that are longer than its buffer, and a row that it loses must show.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/result.h"
#include "functions/sql/input.h"
#include "functions/sql/sql_part.h"
#include "os/file.h"

namespace caudal::functions {

// Fed with the bytes of a file in order, in pieces cut anywhere, without a byte order mark.
class CsvRecords {
 public:
  // `columns`: of the file. With one only, an empty line is a record; else it is passed over.
  CsvRecords(const CsvOptions& options, size_t columns);

  // kInvalid names the first line that is longer than options.line_bytes_max.
  Result<void> Feed(std::string_view piece);
  // After the last piece: how many there were, with the header.
  uint64_t records() const;

 private:
  size_t PassQuoted(std::string_view piece, size_t from);
  bool OpensValue(std::string_view piece, size_t quote) const;
  Result<void> EndLine(uint64_t offset, char end);
  Result<void> CheckLength(uint64_t end) const;

  const char delimiter_;
  const char quote_;  // 0: none
  const bool one_column_;
  const uint64_t line_bytes_max_;
  uint64_t offset_ = 0;  // of the piece
  uint64_t line_start_ = 0;
  uint64_t line_ = 1;  // its number
  uint64_t full_lines_ = 0;
  uint64_t feeds_ = 0;
  uint64_t returns_ = 0;
  uint64_t quoted_feeds_ = 0;
  bool quoted_ = false;
  bool quote_seen_ = false;  // within a quoted value: it ends there, or the quote is doubled
  char before_ = '\n';       // the last byte of the pieces before that is no space
};

// Of a whole file.
Result<uint64_t> CountCsvRecords(const os::File& file, const CsvOptions& options, size_t columns,
                                 const GoOn& go_on);

}  // namespace caudal::functions
