#include "transfer/csv_lines.h"

#include <string>
#include <utility>

namespace caudal::transfer {
namespace {

class Walk {
 public:
  Walk(const functions::CsvOptions& csv, size_t columns, const std::vector<int64_t>& rejected,
       const std::vector<int64_t>& rows)
      : delimiter_(csv.delimiter[0]),
        quote_(csv.quote.empty() ? '\0' : csv.quote[0]),
        one_column_(columns == 1),
        rejected_(rejected),
        rows_(rows),
        lines_{std::vector<int64_t>(rows.size(), 0), std::vector<int64_t>(rejected.size(), 0)},
        next_row_(csv.header ? -1 : 0) {}

  // False when all rows are found.
  bool Feed(std::string_view piece) {
    for (const char c : piece) {
      ++offset_;
      if (c == '\n') {
        ++line_;
        if (!quoted_) EndRecord();
        continue;
      }
      empty_ = false;
      if (quoted_) {
        // A doubled quote closes and opens again.
        if (c == quote_) quoted_ = false;
        closed_ = !quoted_;
      } else if (quote_ != '\0' && c == quote_ && (at_start_ || closed_)) {
        quoted_ = true;
        closed_ = false;
        at_start_ = false;
      } else {
        at_start_ = c == delimiter_ || (at_start_ && c == ' ');
        closed_ = false;
      }
    }
    return found_ < rows_.size() || refused_ < rejected_.size();
  }
  void Skip(size_t bytes) { offset_ = begin_offset_ = static_cast<int64_t>(bytes); }
  CsvLines Finish() {
    if (!empty_) EndRecord();
    return std::move(lines_);
  }

 private:
  void EndRecord() {
    const int64_t line = begin_;
    const int64_t offset = begin_offset_;
    begin_ = line_;
    begin_offset_ = offset_;
    const bool is_record = !empty_ || (one_column_ && next_row_ >= 0);
    at_start_ = empty_ = true;
    closed_ = false;
    if (!is_record) return;
    while (refused_ < rejected_.size() && rejected_[refused_] < offset) ++refused_;
    if (refused_ < rejected_.size() && rejected_[refused_] == offset) {
      lines_.rejected[refused_++] = line;
      return;
    }
    if (found_ < rows_.size() && rows_[found_] == next_row_) lines_.rows[found_++] = line;
    ++next_row_;
  }

  const char delimiter_;
  const char quote_;
  const bool one_column_;
  const std::vector<int64_t>& rejected_;
  const std::vector<int64_t>& rows_;
  CsvLines lines_;
  size_t found_ = 0;    // of the rows
  size_t refused_ = 0;  // of the rejected
  int64_t next_row_;    // -1: the header
  int64_t line_ = 1;
  int64_t begin_ = 1;  // of the record
  int64_t offset_ = 0;
  int64_t begin_offset_ = 0;  // of the record
  bool quoted_ = false;
  bool closed_ = false;  // the last byte closed a quoted value
  bool at_start_ = true;
  bool empty_ = true;
};

}  // namespace

Result<CsvLines> FindCsvLines(const os::File& file, const functions::CsvOptions& csv,
                              size_t columns, const std::vector<int64_t>& rejected,
                              const std::vector<int64_t>& rows, const functions::GoOn& go_on) {
  Walk walk(csv, columns, rejected, rows);
  std::string buffer(1u << 20, '\0');
  uint64_t read = 0;
  while (true) {
    TRY(go_on());
    const size_t got = TRY(file.ReadAt(read, buffer.data(), buffer.size()));
    if (got == 0) return walk.Finish();
    std::string_view piece(buffer.data(), got);
    if (read == 0 && piece.starts_with("\xef\xbb\xbf")) {
      piece.remove_prefix(3);
      walk.Skip(3);
    }
    if (!walk.Feed(piece)) return walk.Finish();
    read += got;
  }
}

}  // namespace caudal::transfer
