// The types of everything that flows: Iceberg's. A Type is a small immutable value; nested parts
// are shared between copies.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace caudal {

struct Field;

enum class TypeKind : uint8_t {
  kBoolean,
  kInt,     // 32 bits
  kLong,    // 64 bits
  kFloat,   // IEEE 754, 32 bits
  kDouble,  // IEEE 754, 64 bits
  kDecimal,
  kDate,           // days since 1970-01-01
  kTime,           // microseconds since midnight
  kTimestamp,      // microseconds since 1970-01-01T00:00:00, in no zone
  kTimestampTz,    // microseconds since 1970-01-01T00:00:00Z
  kTimestampNs,    // nanoseconds; from format version 3 on
  kTimestampTzNs,  // nanoseconds; from format version 3 on
  kString,         // UTF-8
  kUuid,
  kFixed,
  kBinary,
  kStruct,
  kList,
  kMap,
  // Of format version 3: can be named, and is refused wherever values are written.
  kUnknown,
  kVariant,
  kGeometry,
  kGeography,
};

std::string_view NameOf(TypeKind kind);  // "timestamptz_ns"

class Type {
 public:
  static constexpr int kPrecisionMax = 38;

  // One without parameters; kDecimal, kFixed and the nested kinds have makers of their own.
  explicit Type(TypeKind kind);
  static Type Decimal(int precision, int scale);  // 1 <= precision <= 38, 0 <= scale <= precision
  static Type Fixed(int32_t length);              // length >= 1
  static Type Struct(std::vector<Field> fields);
  static Type List(Field element);          // its name becomes "element"
  static Type Map(Field key, Field value);  // their names become "key" and "value"; keys required
  // geometry(…) or geography(…); `parameters` is the text between the parentheses, or empty.
  static Type Geo(TypeKind kind, std::string parameters);

  TypeKind kind() const { return kind_; }
  bool Is(TypeKind kind) const { return kind_ == kind; }
  bool nested() const;
  // Values of it can be written by Caudal; for nested types, those of all parts too.
  bool writable() const;
  // The first format version that has it (and all its parts): 1 or 3.
  int format_version_min() const;

  int precision() const { return a_; }
  int scale() const { return b_; }
  int32_t length() const { return a_; }
  // Of a struct; one for a list (the element), two for a map (key, value); none otherwise.
  const std::vector<Field>& fields() const;
  const Field& element() const { return At(0); }
  const Field& key() const { return At(0); }
  const Field& value() const { return At(1); }

  // "decimal(9, 2)", "fixed[16]", "list<string>", "struct<id: required long>". The text of what
  // isn't nested is Iceberg's own, and ParsePrimitiveType reads it.
  std::string Text() const;

  bool operator==(const Type& other) const;

 private:
  struct Parts;
  Type(TypeKind kind, int32_t a, int32_t b, std::shared_ptr<const Parts> parts);
  const Field& At(size_t i) const;

  TypeKind kind_;
  int32_t a_ = 0;  // precision or length
  int32_t b_ = 0;  // scale
  std::shared_ptr<const Parts> parts_;
};

// kInvalid, naming the text, when it is no type's name or its parameters are out of range.
Result<Type> ParsePrimitiveType(std::string_view text);

// Whether values and bounds of `from` can be read as `to` without rewriting: int to long, float to
// double, decimals of the same scale to more digits; from version 3 on also date to timestamp and
// timestamp_ns, and unknown to anything. False for equal types.
bool CanPromote(const Type& from, const Type& to, int format_version);

}  // namespace caudal
