// Random rows of every type, the awkward ones more often than chance would have them; for tests.
#pragma once

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "base/random.h"
#include "data/batch_builder.h"

namespace caudal {

inline Field TestField(int32_t id, std::string name, Type type, bool required = false) {
  return {id, std::move(name), std::move(type), required, {}, {}, {}};
}

// Every type that a Parquet file can hold and that isn't nested.
inline std::vector<Type> PlainTypes() {
  std::vector<Type> types;
  for (const TypeKind kind :
       {TypeKind::kBoolean, TypeKind::kInt, TypeKind::kLong, TypeKind::kFloat, TypeKind::kDouble,
        TypeKind::kDate, TypeKind::kTime, TypeKind::kTimestamp, TypeKind::kTimestampTz,
        TypeKind::kString, TypeKind::kUuid, TypeKind::kBinary})
    types.emplace_back(kind);
  for (const int precision : {3, 4, 5, 9, 10, 18, 19, 38})
    types.push_back(Type::Decimal(precision, precision / 2));
  return types;
}

// Those, and structs, lists and maps of them, in each other; `ids` counts up.
inline Schema SchemaOfEverything(bool required = false) {
  int32_t id = 0;
  std::vector<Field> fields;
  for (const Type& type : PlainTypes()) {
    ++id;
    fields.push_back(TestField(id, "c" + std::to_string(id), type, required));
  }
  const auto field = [&](std::string name, Type type, bool needed = false) {
    return TestField(++id, std::move(name), std::move(type), needed);
  };
  const auto list = [&](Type element) {
    return Type::List(field("", std::move(element), required));
  };
  const auto map = [&](Type value) {
    Field key = field("", Type(TypeKind::kString));
    return Type::Map(std::move(key), field("", std::move(value), required));
  };
  std::vector<Field> inner;
  inner.push_back(field("x\"y", Type(TypeKind::kInt)));
  inner.push_back(field("it's", Type::Decimal(20, 2)));
  std::vector<Field> parts;
  parts.push_back(field("a b", Type(TypeKind::kBoolean)));
  parts.push_back(field("Inner", Type::Struct(std::move(inner))));
  parts.push_back(field("tags", list(Type(TypeKind::kString))));
  fields.push_back(field("point", Type::Struct(std::move(parts)), required));
  fields.push_back(field("flags", list(Type(TypeKind::kBoolean)), required));
  fields.push_back(field("deep", list(list(Type(TypeKind::kUuid))), required));
  fields.push_back(field("props", map(Type(TypeKind::kDouble)), required));
  fields.push_back(field("maps", map(map(Type(TypeKind::kBoolean))), required));
  return Schema::Make(0, std::move(fields)).value();
}

class RandomRows {
 public:
  explicit RandomRows(uint64_t seed) : random_(seed) {}

  // Of a small range for the column every now and then, so that bounds are tight.
  Value NextValue(const Type& type, bool narrow) {
    switch (type.kind()) {
      case TypeKind::kBoolean:
        return random_.Below(2) == 0;
      case TypeKind::kInt:
      case TypeKind::kDate:  // the years that SQL can write
        return narrow ? Near<int32_t>() : Whole<int32_t>(type.Is(TypeKind::kDate) ? 2'000'000 : 0);
      case TypeKind::kFloat:
        return Real<float>(narrow);
      case TypeKind::kDouble:
        return Real<double>(narrow);
      case TypeKind::kDecimal: {
        const Int128 limit = PowerOfTen(type.precision());
        const Int128 any = static_cast<Int128>(random_.U64()) << 63 ^ random_.U64();
        if (narrow) return any % 100;
        return random_.Below(4) == 0 ? (any % 2 == 0 ? limit - 1 : 1 - limit) : any % limit;
      }
      case TypeKind::kString:
        return Text(narrow);
      case TypeKind::kTime:
        return static_cast<int64_t>(random_.Below(narrow ? 100 : 86'400'000'000));
      case TypeKind::kUuid:
      case TypeKind::kFixed:
      case TypeKind::kBinary:
        return Bytes(type, narrow);
      default:
        return narrow ? Near<int64_t>()
                      : Whole<int64_t>(type.Is(TypeKind::kLong) ? 0 : 200'000'000'000'000'000);
    }
  }

  // Of one row in `null_every` a null, where one may be; 0: none.
  Batch NextBatch(const Schema& schema, int64_t rows, uint64_t null_every = 5) {
    BatchBuilder builder = BatchBuilder::Make(schema).value();
    const bool narrow = random_.Below(3) == 0;
    for (size_t i = 0; i < schema.fields().size(); ++i)
      for (int64_t row = 0; row < rows; ++row)
        Append(builder.column(i), schema.fields()[i], narrow, null_every);
    return builder.Finish().value();
  }

  uint64_t Below(uint64_t bound) { return random_.Below(bound); }

  bool negative_zeros = true;  // files with them are written differently

 private:
  template <class T>
  Value Near() {
    return static_cast<T>(random_.Below(50)) - 20;
  }
  template <class T>
  Value Whole(T limit) {
    const auto any = static_cast<T>(random_.U64());
    if (limit != 0) return any % limit;
    const T edges[] = {std::numeric_limits<T>::min(), std::numeric_limits<T>::max(), -1, 0};
    return random_.Below(4) == 0 ? edges[random_.Below(4)] : any;
  }
  template <class T>
  Value Real(bool narrow) {
    const T infinity = std::numeric_limits<T>::infinity();
    const T edges[] = {std::numeric_limits<T>::quiet_NaN(),
                       -infinity,
                       infinity,
                       T{0},
                       -T{0},
                       std::numeric_limits<T>::denorm_min(),
                       std::numeric_limits<T>::max()};
    if (narrow) return static_cast<T>(random_.Below(20)) - T{5};
    if (random_.Below(3) == 0) {
      const T edge = edges[random_.Below(7)];
      return edge == 0 && !negative_zeros ? T{0} : edge;
    }
    return static_cast<T>(std::ldexp(static_cast<double>(random_.U64()) - 9e18,
                                     static_cast<int>(random_.Below(60)) - 50));
  }
  Value Text(bool narrow) {
    static const char* const kParts[] = {"a",
                                         "b",
                                         "Z",
                                         " ",
                                         "'",
                                         "\"",
                                         "ñ",
                                         "\xed\x9f\xbf",
                                         "€",
                                         "",
                                         "\xf4\x8f\xbf\xbf",
                                         "\xf0\x9f\x98\x80",
                                         "\x7f",
                                         "\x01"};
    std::string text = narrow ? "same beginning, " : "";
    for (uint64_t i = random_.Below(narrow ? 3 : 25); i > 0; --i)
      text += narrow ? "ab" : kParts[random_.Below(14)];
    return text;
  }
  Value Bytes(const Type& type, bool narrow) {
    const int64_t width = WidthOf(type);
    std::string bytes(width > 0 ? static_cast<size_t>(width) : random_.Below(30), '\0');
    random_.Fill(std::as_writable_bytes(std::span(bytes)));
    if (random_.Below(5) == 0) std::fill(bytes.begin(), bytes.end(), '\xff');
    if (narrow) std::fill_n(bytes.begin(), bytes.size() - bytes.size() / 8, 'k');
    return bytes;
  }
  void Append(ColumnBuilder& column, const Field& field, bool narrow, uint64_t null_every) {
    if (!field.required && null_every > 0 && random_.Below(null_every) == 0)
      return column.AppendNull();
    if (!field.type.nested()) return column.AppendValue(NextValue(field.type, narrow));
    const bool group = field.type.Is(TypeKind::kStruct);
    for (uint64_t i = group ? 1 : random_.Below(4); i > 0; --i)
      for (size_t part = 0; part < field.type.fields().size(); ++part)
        Append(column.child(part), field.type.fields()[part], narrow, null_every);
    column.AppendNested();
  }

  SeededRandom random_;
};

}  // namespace caudal
