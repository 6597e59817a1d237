#include "functions/sql/csv_records.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <string>

namespace caudal::functions {
namespace {

constexpr std::string_view kUtf8Mark = "\xef\xbb\xbf";

// The next byte of one value, looked for only when the last one found lies behind.
class Next {
 public:
  Next(std::string_view piece, char wanted) : piece_(piece), wanted_(wanted) {}
  // Of the piece at or after `from`; its size when there is none.
  size_t After(size_t from) {
    if (known_ && at_ >= from) return at_;
    const void* found = std::memchr(piece_.data() + from, wanted_, piece_.size() - from);
    at_ = found == nullptr ? piece_.size()
                           : static_cast<size_t>(static_cast<const char*>(found) - piece_.data());
    known_ = true;
    return at_;
  }

 private:
  const std::string_view piece_;
  const char wanted_;
  bool known_ = false;
  size_t at_ = 0;
};

}  // namespace

CsvRecords::CsvRecords(const CsvOptions& options, size_t columns)
    : delimiter_(options.delimiter[0]),
      quote_(options.quote.empty() ? '\0' : options.quote[0]),
      one_column_(columns == 1),
      line_bytes_max_(options.line_bytes_max) {}

Result<void> CsvRecords::CheckLength(uint64_t end) const {
  if (end - line_start_ <= line_bytes_max_) return {};
  return MakeError(ErrorKind::kInvalid,
                   fmt::format("line {}: it is longer than {} bytes, the limit; raise 'line_max' "
                               "if such lines are meant",
                               line_, line_bytes_max_),
                   "input.line");
}

Result<void> CsvRecords::EndLine(uint64_t offset, char end) {
  TRY(CheckLength(offset));
  if (offset > line_start_) ++full_lines_;
  (end == '\n' ? feeds_ : returns_) += 1;
  line_ = 1 + (feeds_ + quoted_feeds_ > 0 ? feeds_ + quoted_feeds_ : returns_);
  line_start_ = offset + 1;
  return {};
}

// A quote within a value that began without one is a character like others.
bool CsvRecords::OpensValue(std::string_view piece, size_t quote) const {
  size_t at = quote;
  while (at > 0 && piece[at - 1] == ' ' && delimiter_ != ' ') --at;
  const char before = at > 0 ? piece[at - 1] : before_;
  return before == delimiter_ || before == '\n' || before == '\r';
}

// Where the quoted value ends, or the piece.
size_t CsvRecords::PassQuoted(std::string_view piece, size_t from) {
  size_t at = from;
  if (quote_seen_) {
    if (at == piece.size()) return at;
    quote_seen_ = false;
    if (piece[at] != quote_) {
      quoted_ = false;
      return at;
    }
    ++at;
  }
  Next quotes(piece, quote_);
  while (at < piece.size()) {
    const size_t quote = quotes.After(at);
    quoted_feeds_ +=
        static_cast<uint64_t>(std::count(piece.begin() + static_cast<ptrdiff_t>(at),
                                         piece.begin() + static_cast<ptrdiff_t>(quote), '\n'));
    if (quote + 1 >= piece.size()) {
      quote_seen_ = quote < piece.size();
      return piece.size();
    }
    if (piece[quote + 1] != quote_) {
      quoted_ = false;
      return quote + 1;
    }
    at = quote + 2;
  }
  return at;
}

Result<void> CsvRecords::Feed(std::string_view piece) {
  Next feeds(piece, '\n');
  Next returns(piece, '\r');
  Next quotes(piece, quote_);
  size_t at = 0;
  while (at < piece.size()) {
    if (quoted_) {
      at = PassQuoted(piece, at);
      continue;
    }
    const size_t quote = quote_ == 0 ? piece.size() : quotes.After(at);
    const size_t stop = std::min({feeds.After(at), returns.After(at), quote});
    if (stop == piece.size()) break;
    if (stop == quote) {
      quoted_ = OpensValue(piece, stop);
    } else {
      TRY(EndLine(offset_ + stop, piece[stop]));
    }
    at = stop + 1;
  }
  offset_ += piece.size();
  const size_t last = delimiter_ == ' ' ? piece.size() - 1 : piece.find_last_not_of(' ');
  if (!piece.empty() && last != std::string_view::npos) before_ = piece[last];
  return CheckLength(offset_);
}

uint64_t CsvRecords::records() const {
  const bool open_line = offset_ > line_start_;
  const uint64_t lines = !one_column_ ? full_lines_ : feeds_ > 0 ? feeds_ : returns_;
  return lines + (open_line ? 1 : 0);
}

Result<uint64_t> CountCsvRecords(const os::File& file, const CsvOptions& options, size_t columns,
                                 const GoOn& go_on) {
  CsvRecords records(options, columns);
  std::string buffer(1u << 20, '\0');
  uint64_t read = 0;
  while (true) {
    TRY(go_on());
    const size_t got = TRY(file.ReadAt(read, buffer.data(), buffer.size()));
    if (got == 0) return records.records();
    std::string_view piece(buffer.data(), got);
    if (read == 0 && piece.starts_with(kUtf8Mark)) piece.remove_prefix(kUtf8Mark.size());
    TRY(records.Feed(piece));
    read += got;
  }
}

}  // namespace caudal::functions
