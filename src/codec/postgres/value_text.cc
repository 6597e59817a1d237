#include "codec/postgres/value_text.h"

#include "data/digest.h"
#include "data/utf8.h"

namespace caudal::postgres {
namespace {

Held ReadBoolean(ColumnBuilder& column, std::string_view text) {
  if (text != "t" && text != "f") return Held::kMalformed;
  column.AppendBoolean(text[0] == 't');
  return Held::kExact;
}

Held ReadText(ColumnBuilder& column, std::string_view text) {
  // Of a database in SQL_ASCII, which sends what it was given.
  if (!IsValidUtf8(text)) return Held::kUnrepresentable;
  column.AppendBytes(text);
  return Held::kExact;
}

// bytea_output=escape: a backslash is doubled or stands before three octal digits.
Held ReadEscapedBytes(ColumnBuilder& column, std::string_view text) {
  size_t size = 0;
  for (size_t i = 0; i < text.size(); ++size) {
    if (text[i] != '\\') {
      ++i;
    } else if (text.substr(i + 1, 1) == "\\") {
      i += 2;
    } else {
      if (text.size() - i < 4) return Held::kMalformed;
      for (size_t k = 1; k < 4; ++k)
        if (text[i + k] < '0' || text[i + k] > (k == 1 ? '3' : '7')) return Held::kMalformed;
      i += 4;
    }
  }
  char* out = column.AppendBytesLater(size);
  if (out == nullptr) return Held::kExact;  // and the column is too long
  for (size_t i = 0; i < text.size();) {
    if (text[i] != '\\') {
      *out++ = text[i++];
    } else if (text[i + 1] == '\\') {
      *out++ = '\\';
      i += 2;
    } else {
      *out++ = static_cast<char>((text[i + 1] - '0') << 6 | (text[i + 2] - '0') << 3 |
                                 (text[i + 3] - '0'));
      i += 4;
    }
  }
  return Held::kExact;
}

Held ReadBytes(ColumnBuilder& column, std::string_view text) {
  if (!text.starts_with("\\x")) return ReadEscapedBytes(column, text);
  text.remove_prefix(2);
  if (text.size() % 2 != 0) return Held::kMalformed;
  char* const out = column.AppendBytesLater(text.size() / 2);
  if (out == nullptr || DecodeHexTo(text, out)) return Held::kExact;
  column.Truncate(column.length() - 1);
  return Held::kMalformed;
}

Held ReadUuid(ColumnBuilder& column, std::string_view text) {
  char bytes[16];
  if (!ParseUuidTo(text, bytes)) return Held::kMalformed;
  column.AppendBytes({bytes, sizeof bytes});
  return Held::kExact;
}

Held Read(ColumnBuilder& column, const ValueForm& form, std::string_view text) {
  switch (form.syntax()) {
    case Syntax::kBoolean:
      return ReadBoolean(column, text);
    case Syntax::kInt2:
    case Syntax::kInt4:
    case Syntax::kInt8:
    case Syntax::kUnsigned32:
    case Syntax::kUnsigned64:
      return ReadInteger(column, form.syntax(), text);
    case Syntax::kFloat4:
      return ReadFloat(column, text);
    case Syntax::kFloat8:
      return ReadDouble(column, text);
    case Syntax::kNumeric:
      return ReadNumeric(column, text);
    case Syntax::kText:
    case Syntax::kTextOnly:
    case Syntax::kJsonb:
      return ReadText(column, text);
    case Syntax::kBytea:
      return ReadBytes(column, text);
    case Syntax::kDate:
      return ReadDate(column, text);
    case Syntax::kTime:
      return ReadTime(column, text);
    case Syntax::kTimestamp:
      return ReadTimestamp(column, text, false);
    case Syntax::kTimestampTz:
      return ReadTimestamp(column, text, true);
    case Syntax::kInterval:
      return ReadInterval(column, text);
    case Syntax::kUuid:
      return ReadUuid(column, text);
    case Syntax::kArray:
      return ReadArray(column, form, text);
    case Syntax::kComposite:
      return ReadComposite(column, form, text);
    case Syntax::kHstore:
      return ReadHstore(column, text);
  }
  return Held::kMalformed;
}

}  // namespace

Held AppendText(ColumnBuilder& column, const ValueForm& form, std::string_view text) {
  const Held held = Read(column, form, text);
  if (held != Held::kExact) [[unlikely]] {
    column.Truncate(column.length());
    column.AppendNull();
  }
  return held;
}

}  // namespace caudal::postgres
