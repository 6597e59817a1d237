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

}  // namespace

ColumnValue CopyTextReader::Unescape(std::string_view field) {
  if (field == "\\N") return {ColumnKind::kNull, {}};
  if (field.find('\\') == std::string_view::npos) return {ColumnKind::kText, field};
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

Result<void> CopyTextReader::Split(std::string_view row, bool escapes) {
  if (row_.empty()) {
    if (!row.empty()) return Bad("it has values, and there are no columns");
    return {};
  }
  const char* at = row.data();
  const char* const end = at + row.size();
  for (size_t i = 0;; ++i) {
    const auto* tab =
        at < end ? static_cast<const char*>(std::memchr(at, '\t', static_cast<size_t>(end - at)))
                 : nullptr;
    const char* const field_end = tab != nullptr ? tab : end;
    const std::string_view field(at, static_cast<size_t>(field_end - at));
    row_[i] = escapes ? Unescape(field) : ColumnValue{ColumnKind::kText, field};
    const bool last = i + 1 == row_.size();
    if (last != (tab == nullptr)) {
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
  const bool escapes = row.find('\\') != std::string_view::npos;
  plain_size_ = 0;
  if (escapes && plain_.size() < size) plain_.resize(size);
  TRY(Split(row, escapes));
  return std::span<const ColumnValue>(row_);
}

}  // namespace caudal::postgres
