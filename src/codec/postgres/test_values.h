// What the tests of this folder share: files of testdata/, and values as text.
#pragma once

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <sstream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "codec/postgres/value_form.h"
#include "data/array.h"
#include "data/civil.h"
#include "data/digest.h"

namespace caudal::postgres {

inline std::string ReadTestFile(const std::string& name) {
  std::filesystem::path root = std::filesystem::current_path();
  while (!std::filesystem::exists(root / "src/codec/postgres/testdata") &&
         root != root.parent_path())
    root = root.parent_path();
  std::ifstream file(root / "src/codec/postgres/testdata" / name, std::ios::binary);
  EXPECT_TRUE(file.good()) << name;
  std::stringstream bytes;
  bytes << file.rdbuf();
  return bytes.str();
}

// Strings in single quotes, bytes in hexadecimal, [lists], {structs and maps}.
inline std::string Show(const Array& array, int64_t row) {
  if (array.IsNull(row)) return "null";
  const Type& type = array.type();
  const auto parts = [&](int64_t first, int64_t last, char open, char close) {
    std::string text(1, open);
    for (int64_t i = first; i < last; ++i)
      for (size_t part = 0; part < array.children().size(); ++part)
        text += fmt::format("{}{}", text.size() > 1 ? "," : "", Show(array.children()[part], i));
    return text + close;
  };
  const auto moment = [](int64_t micros) {
    const int64_t days = FloorDivide(micros, 86'400'000'000);
    return FormatDate(days) + " " + FormatTime(micros - days * 86'400'000'000, 6);
  };
  switch (type.kind()) {
    case TypeKind::kBoolean:
      return array.boolean(row) ? "true" : "false";
    case TypeKind::kInt:
      return fmt::format("{}", array.values<int32_t>()[row]);
    case TypeKind::kLong:
      return fmt::format("{}", array.values<int64_t>()[row]);
    case TypeKind::kFloat:
      return fmt::format("{}", array.values<float>()[row]);
    case TypeKind::kDouble:
      return fmt::format("{}", array.values<double>()[row]);
    case TypeKind::kDecimal:
      return DecimalText(array.values<Int128>()[row], type.scale());
    case TypeKind::kDate:
      return FormatDate(array.values<int32_t>()[row]);
    case TypeKind::kTime:
      return FormatTime(array.values<int64_t>()[row], 6);
    case TypeKind::kTimestamp:
    case TypeKind::kTimestampTz:
      return moment(array.values<int64_t>()[row]);
    case TypeKind::kUuid:
      return UuidText(array.bytes(row));
    case TypeKind::kBinary:
      return EncodeHex(array.bytes(row));
    case TypeKind::kStruct:
      return parts(row, row + 1, '{', '}');
    case TypeKind::kList:
      return parts(array.offsets()[row], array.offsets()[row + 1], '[', ']');
    case TypeKind::kMap:
      return parts(array.offsets()[row], array.offsets()[row + 1], '{', '}');
    default:
      return fmt::format("'{}'", array.bytes(row));
  }
}

inline PgType BaseType(uint32_t oid, int32_t typmod = -1) {
  PgType type;
  type.oid = oid;
  type.typmod = typmod;
  return type;
}

inline PgType ArrayOf(PgType element, char delimiter = ',') {
  PgType type;
  type.kind = PgType::Kind::kArray;
  type.oid = 100'000;
  type.typmod = element.typmod;
  type.delimiter = delimiter;
  type.part = std::make_shared<PgType>(std::move(element));
  return type;
}

inline PgType DomainOver(PgType base) {
  PgType type;
  type.kind = PgType::Kind::kDomain;
  type.oid = 100'001;
  type.part = std::make_shared<PgType>(std::move(base));
  return type;
}

inline PgType CompositeOf(std::vector<PgField> fields) {
  PgType type;
  type.kind = PgType::Kind::kComposite;
  type.oid = 100'002;
  type.fields = std::make_shared<std::vector<PgField>>(std::move(fields));
  return type;
}

inline PgType Other(PgType::Kind kind, std::string name = "other", std::string extension = {}) {
  PgType type;
  type.kind = kind;
  type.oid = 100'003;
  type.name = std::move(name);
  type.extension = std::move(extension);
  return type;
}

inline int32_t NumericTypmod(int precision, int scale) {
  return 4 + (precision << 16 | (scale & 0x7ff));
}

inline PgType Numeric(int precision, int scale) {
  return BaseType(oid::kNumeric, NumericTypmod(precision, scale));
}

// The value that a text becomes, "unrepresentable" or "malformed".
inline std::string Shown(Held held, ColumnBuilder& column) {
  const Array array = column.Finish();
  EXPECT_EQ(array.length(), 1);
  EXPECT_EQ(array.IsNull(0), held != Held::kExact);
  switch (held) {
    case Held::kExact:
      return Show(array, 0);
    case Held::kUnrepresentable:
      return "unrepresentable";
    case Held::kMalformed:
      return "malformed";
  }
  return {};
}

inline std::string ShowText(const ValueForm& form, std::string_view text) {
  ColumnBuilder column(form.type());
  const Held held = AppendText(column, form, text);
  return Shown(held, column);
}

inline std::string ShowBinary(const ValueForm& form, std::string_view bytes) {
  ColumnBuilder column(form.type());
  const Held held = AppendBinary(column, form, bytes);
  return Shown(held, column);
}

}  // namespace caudal::postgres
