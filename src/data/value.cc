#include "data/value.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <limits>

#include "data/digest.h"
#include "data/utf8.h"

namespace caudal {
namespace {

// Maps floats onto integers in the order that Compare promises.
template <class Float, class Int>
Int Rank(Float value) {
  const Int bits = std::bit_cast<Int>(value);
  constexpr Int kMax = std::numeric_limits<Int>::max();
  return bits < 0 ? static_cast<Int>(bits ^ kMax) : bits;
}

template <class T>
int Order(T a, T b) {
  return a < b ? -1 : a > b ? 1 : 0;
}

Error BadDecimal(std::string_view text, std::string_view why) {
  return MakeError(ErrorKind::kInvalid, fmt::format("\"{}\" {}", text.substr(0, 80), why));
}

}  // namespace

bool Fits(const Type& type, const Value& value) {
  if (IsNull(value)) return true;
  const std::string* bytes = std::get_if<std::string>(&value);
  switch (type.kind()) {
    case TypeKind::kBoolean:
      return std::holds_alternative<bool>(value);
    case TypeKind::kInt:
    case TypeKind::kDate:
      return std::holds_alternative<int32_t>(value);
    case TypeKind::kLong:
    case TypeKind::kTime:
    case TypeKind::kTimestamp:
    case TypeKind::kTimestampTz:
    case TypeKind::kTimestampNs:
    case TypeKind::kTimestampTzNs:
      return std::holds_alternative<int64_t>(value);
    case TypeKind::kFloat:
      return std::holds_alternative<float>(value);
    case TypeKind::kDouble:
      return std::holds_alternative<double>(value);
    case TypeKind::kDecimal: {
      const Int128* number = std::get_if<Int128>(&value);
      const Int128 limit = PowerOfTen(type.precision());
      return number != nullptr && *number<limit&& * number> - limit;
    }
    case TypeKind::kString:
      return bytes != nullptr && IsValidUtf8(*bytes);
    case TypeKind::kUuid:
      return bytes != nullptr && bytes->size() == 16;
    case TypeKind::kFixed:
      return bytes != nullptr && bytes->size() == static_cast<size_t>(type.length());
    case TypeKind::kBinary:
      return bytes != nullptr;
    default:
      return false;
  }
}

int Compare(const Value& a, const Value& b) {
  CAUDAL_CHECK(a.index() == b.index() && !IsNull(a), "values of different types");
  if (const auto* x = std::get_if<bool>(&a)) return Order(*x, std::get<bool>(b));
  if (const auto* x = std::get_if<int32_t>(&a)) return Order(*x, std::get<int32_t>(b));
  if (const auto* x = std::get_if<int64_t>(&a)) return Order(*x, std::get<int64_t>(b));
  if (const auto* x = std::get_if<float>(&a))
    return Order(Rank<float, int32_t>(*x), Rank<float, int32_t>(std::get<float>(b)));
  if (const auto* x = std::get_if<double>(&a))
    return Order(Rank<double, int64_t>(*x), Rank<double, int64_t>(std::get<double>(b)));
  if (const auto* x = std::get_if<Int128>(&a)) return Order(*x, std::get<Int128>(b));
  return std::get<std::string>(a).compare(std::get<std::string>(b));
}

Int128 PowerOfTen(int digits) {
  Int128 power = 1;
  for (int i = 0; i < digits; ++i) power *= 10;
  return power;
}

std::string DecimalText(Int128 unscaled, int scale) {
  const bool negative = unscaled < 0;
  auto rest = negative ? -static_cast<unsigned __int128>(unscaled)
                       : static_cast<unsigned __int128>(unscaled);
  std::string text;  // backwards
  int digits = 0;
  while (rest != 0 || digits <= scale) {
    if (digits == scale && scale > 0) text += '.';
    text += static_cast<char>('0' + static_cast<int>(rest % 10));
    rest /= 10;
    ++digits;
  }
  if (negative) text += '-';
  std::ranges::reverse(text);
  return text;
}

Result<Int128> ParseDecimalText(std::string_view text, int precision, int scale) {
  std::string_view rest = text;
  const bool negative = rest.starts_with('-');
  if (negative || rest.starts_with('+')) rest.remove_prefix(1);
  Int128 number = 0;
  int decimals = -1;  // those after the point; -1 before it
  bool any = false;
  const Int128 limit = PowerOfTen(precision);
  const auto too_long = [&] {
    return BadDecimal(text, fmt::format("has more than {} digits", precision));
  };
  for (const char c : rest) {
    if (c == '.' && decimals < 0) {
      decimals = 0;
      continue;
    }
    if (c < '0' || c > '9') return BadDecimal(text, "is not a decimal number");
    any = true;
    if (decimals >= 0 && ++decimals > scale) {
      if (c != '0') return BadDecimal(text, fmt::format("has more than {} decimals", scale));
      continue;
    }
    const int digit = c - '0';
    if (number > (limit - 1 - digit) / 10) return too_long();
    number = number * 10 + digit;
  }
  if (!any) return BadDecimal(text, "is not a decimal number");
  for (int i = std::max(decimals, 0); i < scale; ++i) {
    if (number > (limit - 1) / 10) return too_long();
    number *= 10;
  }
  return negative ? -number : number;
}

std::string UuidText(std::string_view bytes) {
  CAUDAL_CHECK(bytes.size() == 16, "a UUID has 16 bytes");
  const std::string hex = EncodeHex(bytes);
  return fmt::format("{}-{}-{}-{}-{}", hex.substr(0, 8), hex.substr(8, 4), hex.substr(12, 4),
                     hex.substr(16, 4), hex.substr(20));
}

Result<std::string> ParseUuid(std::string_view text) {
  std::string bytes(16, '\0');
  if (!ParseUuidTo(text, bytes.data()))
    return MakeError(ErrorKind::kInvalid, fmt::format("\"{}\" is not a UUID of the form "
                                                      "f79c3e09-677c-4bbd-a479-3f349cb785e7",
                                                      text.substr(0, 80)));
  return bytes;
}

bool ParseUuidTo(std::string_view text, char* out) {
  if (text.size() != 36 || text[8] != '-' || text[13] != '-' || text[18] != '-' || text[23] != '-')
    return false;
  return DecodeHexTo(text.substr(0, 8), out) && DecodeHexTo(text.substr(9, 4), out + 4) &&
         DecodeHexTo(text.substr(14, 4), out + 6) && DecodeHexTo(text.substr(19, 4), out + 8) &&
         DecodeHexTo(text.substr(24), out + 10);
}

}  // namespace caudal
