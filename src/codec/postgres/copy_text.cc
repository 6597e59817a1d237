#include "codec/postgres/copy_text.h"

#include <fmt/format.h>

#include <cstring>

namespace caudal::postgres {
namespace {

Error Bad(std::string why) {
  return MakeError(ErrorKind::kInvalid, fmt::format("row of COPY: {}", why));
}

int OctalDigit(char c) { return c >= '0' && c <= '7' ? c - '0' : -1; }

int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// What stands after a backslash, which is not at the end; `at` moves behind it.
char Escaped(const char*& at, const char* end) {
  const char c = *at++;
  switch (c) {
    case 'b':
      return '\b';
    case 'f':
      return '\f';
    case 'n':
      return '\n';
    case 'r':
      return '\r';
    case 't':
      return '\t';
    case 'v':
      return '\v';
    case 'x': {
      if (at == end || HexDigit(*at) < 0) return c;
      int byte = HexDigit(*at++);
      if (at < end && HexDigit(*at) >= 0) byte = byte * 16 + HexDigit(*at++);
      return static_cast<char>(byte);
    }
    default: {
      int byte = OctalDigit(c);
      if (byte < 0) return c;
      for (int digits = 1; digits < 3 && at < end && OctalDigit(*at) >= 0; ++digits)
        byte = byte * 8 + OctalDigit(*at++);
      return static_cast<char>(byte);
    }
  }
}

// The first `c`, or `end`.
const char* Find(char c, const char* at, const char* end) {
  const void* found = at < end ? std::memchr(at, c, static_cast<size_t>(end - at)) : nullptr;
  return found != nullptr ? static_cast<const char*>(found) : end;
}

}  // namespace

ColumnValue CopyTextReader::Unescape(std::string_view field) {
  if (field == "\\N") return {ColumnKind::kNull, {}};
  char* const out = plain_.data() + plain_size_;
  char* to = out;
  const char* at = field.data();
  const char* const end = at + field.size();
  while (at < end) {
    if (*at == '\\' && at + 1 < end)
      *to++ = Escaped(++at, end);
    else
      *to++ = *at++;
  }
  const auto size = static_cast<size_t>(to - out);
  plain_size_ += size;
  return {ColumnKind::kText, {out, size}};
}

Result<void> CopyTextReader::Split(std::string_view row) {
  if (row_.empty()) {
    if (!row.empty()) return Bad("it has values, and there are no columns");
    return {};
  }
  const char* at = row.data();
  const char* const end = at + row.size();
  const char* escape = Find('\\', at, end);
  plain_size_ = 0;
  if (escape != end && plain_.size() < row.size()) plain_.resize(row.size());
  for (size_t i = 0;; ++i) {
    const char* const tab = Find('\t', at, end);
    const std::string_view field(at, static_cast<size_t>(tab - at));
    if (escape < tab) {
      row_[i] = Unescape(field);
      escape = Find('\\', tab, end);
    } else {
      row_[i] = {ColumnKind::kText, field};
    }
    const bool last = i + 1 == row_.size();
    if (last != (tab == end)) {
      if (last) return Bad(fmt::format("it has more than {} columns", row_.size()));
      return Bad(fmt::format("it ends after {} of {} columns", i + 1, row_.size()));
    }
    if (last) return {};
    at = tab + 1;
  }
}

Result<std::span<const ColumnValue>> CopyTextReader::Next(std::string_view& rest) {
  // A line feed in a value is escaped: a bare one ends the row.
  const size_t size = rest.find('\n');
  if (size == std::string_view::npos) return Bad("it doesn't end");
  const std::string_view row = rest.substr(0, size);
  rest.remove_prefix(size + 1);
  TRY(Split(row));
  return std::span<const ColumnValue>(row_);
}

}  // namespace caudal::postgres
