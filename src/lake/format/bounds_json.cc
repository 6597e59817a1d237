#include <fmt/format.h>

#include <cmath>
#include <limits>

#include "data/civil.h"
#include "data/digest.h"
#include "data/utf8.h"
#include "lake/format/bounds.h"

namespace caudal::lake {
namespace {

bool HasZone(const Type& type) {
  return type.Is(TypeKind::kTimestampTz) || type.Is(TypeKind::kTimestampTzNs);
}

int DigitsOf(const Type& type) {
  return type.Is(TypeKind::kTimestampNs) || type.Is(TypeKind::kTimestampTzNs) ? 9 : 6;
}

int64_t UnitsADay(const Type& type) {
  return 86'400 * (DigitsOf(type) == 9 ? int64_t{1'000'000'000} : int64_t{1'000'000});
}

Error NoValue(const Type& type, std::string_view why) {
  return MakeError(ErrorKind::kInvalid,
                   fmt::format("not a value of type {}: {}", type.Text(), why));
}

std::string FormatTimestamp(const Type& type, int64_t units) {
  const int64_t day = FloorDivide(units, UnitsADay(type));
  // In 128 bits: the first day's begin may lie below what 64 can hold.
  const auto rest = static_cast<int64_t>(Int128{units} - Int128{day} * UnitsADay(type));
  return fmt::format("{}T{}{}", FormatDate(day), FormatTime(rest, DigitsOf(type)),
                     HasZone(type) ? "+00:00" : "");
}

Result<Value> ParseTimestamp(const Type& type, std::string_view text) {
  std::string_view rest = text;
  if (HasZone(type)) {
    if (rest.ends_with("+00:00"))
      rest.remove_suffix(6);
    else if (rest.ends_with('Z'))
      rest.remove_suffix(1);
    else
      return NoValue(type, "its offset must be +00:00");
  }
  const size_t t = rest.find('T');
  if (t == std::string_view::npos) return NoValue(type, "there is no T between date and time");
  const int64_t day = TRY(ParseDate(rest.substr(0, t)));
  const int64_t time = TRY(ParseTime(rest.substr(t + 1), DigitsOf(type)));
  const Int128 units = Int128{day} * UnitsADay(type) + time;
  if (units > std::numeric_limits<int64_t>::max() || units < std::numeric_limits<int64_t>::min())
    return NoValue(type, "out of range");
  return Value(static_cast<int64_t>(units));
}

template <class Float>
Json FloatToJson(Float value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value < 0 ? "-Infinity" : "Infinity";
  return static_cast<double>(value);
}

Result<double> FloatFromJson(const Type& type, const Json& json) {
  if (json.is_number()) return json.get<double>();
  if (json == "NaN") return std::numeric_limits<double>::quiet_NaN();
  if (json == "Infinity") return std::numeric_limits<double>::infinity();
  if (json == "-Infinity") return -std::numeric_limits<double>::infinity();
  return NoValue(type, "it must be a number");
}

Result<Value> IntegerFromJson(const Type& type, const Json& json) {
  const bool fits = json.is_number_integer() &&
                    (!json.is_number_unsigned() ||
                     json.get<uint64_t>() <= uint64_t{std::numeric_limits<int64_t>::max()});
  if (!fits) return NoValue(type, "it must be a whole number");
  const auto number = json.get<int64_t>();
  if (type.Is(TypeKind::kLong)) return Value(number);
  if (number < std::numeric_limits<int32_t>::min() || number > std::numeric_limits<int32_t>::max())
    return NoValue(type, "out of range");
  return Value(static_cast<int32_t>(number));
}

Result<Value> BytesFromHex(const Type& type, const std::string& text) {
  std::string bytes = TRY(DecodeHex(text));
  if (type.Is(TypeKind::kFixed) && bytes.size() != static_cast<size_t>(type.length()))
    return NoValue(type, fmt::format("it has {} bytes", bytes.size()));
  return Value(std::move(bytes));
}

Result<Value> FromText(const Type& type, const std::string& text) {
  switch (type.kind()) {
    case TypeKind::kDecimal: {
      const Int128 number = TRY(ParseDecimalText(text, type.precision(), type.scale()));
      return Value(number);
    }
    case TypeKind::kDate: {
      const int64_t days = TRY(ParseDate(text));
      if (days != static_cast<int32_t>(days)) return NoValue(type, "out of range");
      return Value(static_cast<int32_t>(days));
    }
    case TypeKind::kTime: {
      const int64_t micros = TRY(ParseTime(text, 6));
      return Value(micros);
    }
    case TypeKind::kTimestamp:
    case TypeKind::kTimestampTz:
    case TypeKind::kTimestampNs:
    case TypeKind::kTimestampTzNs:
      return ParseTimestamp(type, text);
    case TypeKind::kString:
      if (!IsValidUtf8(text)) return NoValue(type, "it is not UTF-8");
      return Value(text);
    case TypeKind::kUuid: {
      std::string bytes = TRY(ParseUuid(text));
      return Value(std::move(bytes));
    }
    case TypeKind::kFixed:
    case TypeKind::kBinary:
      return BytesFromHex(type, text);
    default:
      return MakeError(ErrorKind::kUnsupported,
                       fmt::format("type {} has no single values", type.Text()));
  }
}

}  // namespace

Json ValueToJson(const Type& type, const Value& value) {
  if (IsNull(value)) return nullptr;
  if (const auto* v = std::get_if<bool>(&value)) return *v;
  if (const auto* v = std::get_if<float>(&value)) return FloatToJson(*v);
  if (const auto* v = std::get_if<double>(&value)) return FloatToJson(*v);
  if (const auto* v = std::get_if<Int128>(&value)) return DecimalText(*v, type.scale());
  switch (type.kind()) {
    case TypeKind::kInt:
      return std::get<int32_t>(value);
    case TypeKind::kLong:
      return std::get<int64_t>(value);
    case TypeKind::kDate:
      return FormatDate(std::get<int32_t>(value));
    case TypeKind::kTime:
      return FormatTime(std::get<int64_t>(value), 6);
    case TypeKind::kTimestamp:
    case TypeKind::kTimestampTz:
    case TypeKind::kTimestampNs:
    case TypeKind::kTimestampTzNs:
      return FormatTimestamp(type, std::get<int64_t>(value));
    case TypeKind::kString:
      return std::get<std::string>(value);
    case TypeKind::kUuid:
      return UuidText(std::get<std::string>(value));
    case TypeKind::kFixed:
    case TypeKind::kBinary:
      return EncodeHex(std::get<std::string>(value));
    default:
      Fatal("a single value of type " + type.Text());
  }
}

Result<Value> ValueFromJson(const Type& type, const Json& json) {
  if (json.is_null()) return Value();
  switch (type.kind()) {
    case TypeKind::kBoolean:
      if (!json.is_boolean()) return NoValue(type, "it must be true or false");
      return Value(json.get<bool>());
    case TypeKind::kInt:
    case TypeKind::kLong:
      return IntegerFromJson(type, json);
    case TypeKind::kFloat: {
      const double number = TRY(FloatFromJson(type, json));
      return Value(static_cast<float>(number));
    }
    case TypeKind::kDouble: {
      const double number = TRY(FloatFromJson(type, json));
      return Value(number);
    }
    default:
      if (!json.is_string() && !type.nested() && type.writable())
        return NoValue(type, "it must be a string");
      return FromText(type, json.is_string() ? json.get<std::string>() : std::string());
  }
}

}  // namespace caudal::lake
