#include <array>
#include <charconv>

#include "codec/postgres/value_text.h"

namespace caudal::postgres {
namespace {

bool IsDigit(char c) { return static_cast<unsigned char>(c - '0') < 10; }

constexpr std::array<Int128, 39> kPowers = [] {
  std::array<Int128, 39> powers{};
  Int128 power = 1;
  for (size_t i = 0; i < powers.size(); ++i) {
    powers[i] = power;
    if (i + 1 < powers.size()) power *= 10;
  }
  return powers;
}();

// Digits from `at` on: their number as long as there are at most 19 of them. Moves `at` behind
// them.
uint64_t TakeDigits(const char*& at, const char* end) {
  uint64_t number = 0;
  for (; at < end && IsDigit(*at); ++at) number = number * 10 + static_cast<uint64_t>(*at - '0');
  return number;
}

// Nothing but digits; kMalformed above `max`.
Held ParseUnsigned(std::string_view text, uint64_t max, uint64_t& number) {
  const char* at = text.data();
  const char* const end = at + text.size();
  if (text.size() <= 19) {
    number = TakeDigits(at, end);
    return at == end && !text.empty() && number <= max ? Held::kExact : Held::kMalformed;
  }
  const auto [behind, error] = std::from_chars(at, end, number);
  return error == std::errc() && behind == end && number <= max ? Held::kExact : Held::kMalformed;
}

Held ParseSigned(std::string_view text, uint64_t max, int64_t& number) {
  const bool negative = text.starts_with('-');
  uint64_t size = 0;
  const Held held = ParseUnsigned(text.substr(negative ? 1 : 0), max + (negative ? 1 : 0), size);
  number = static_cast<int64_t>(negative ? 0 - size : size);
  return held;
}

template <class T>
Held ParseFloating(std::string_view text, T& number) {
  if (text == "NaN") {
    number = std::numeric_limits<T>::quiet_NaN();
    return Held::kExact;
  }
  const bool negative = text.starts_with('-');
  const std::string_view size = text.substr(negative ? 1 : 0);
  if (size == "Infinity") {
    number = negative ? -std::numeric_limits<T>::infinity() : std::numeric_limits<T>::infinity();
    return Held::kExact;
  }
  if (size.empty() || !IsDigit(size[0])) return Held::kMalformed;
  const char* const end = text.data() + text.size();
  const auto [behind, error] = std::from_chars(text.data(), end, number);
  return error == std::errc() && behind == end ? Held::kExact : Held::kMalformed;
}

struct Digits {
  std::string_view whole;     // at least one
  std::string_view decimals;  // behind the point
  bool negative = false;
};

// kUnrepresentable for NaN and infinities.
Held SplitNumeric(std::string_view text, Digits& digits) {
  if (text == "NaN" || text == "Infinity" || text == "-Infinity") return Held::kUnrepresentable;
  digits.negative = text.starts_with('-');
  const char* at = text.data() + (digits.negative ? 1 : 0);
  const char* const end = text.data() + text.size();
  const char* const whole = at;
  while (at < end && IsDigit(*at)) ++at;
  digits.whole = {whole, static_cast<size_t>(at - whole)};
  if (digits.whole.empty()) return Held::kMalformed;
  if (at == end) return Held::kExact;
  if (*at++ != '.' || at == end) return Held::kMalformed;
  digits.decimals = {at, static_cast<size_t>(end - at)};
  while (at < end && IsDigit(*at)) ++at;
  return at == end ? Held::kExact : Held::kMalformed;
}

unsigned __int128 Number(unsigned __int128 before, std::string_view digits) {
  for (const char c : digits) before = before * 10 + static_cast<unsigned>(c - '0');
  return before;
}

// Any number of digits.
Held ReadLongNumeric(ColumnBuilder& column, std::string_view text) {
  const auto precision = static_cast<size_t>(column.type().precision());
  const auto scale = static_cast<size_t>(column.type().scale());
  Digits digits;
  const Held held = SplitNumeric(text, digits);
  if (held != Held::kExact) return held;
  std::string_view whole = digits.whole;
  whole.remove_prefix(std::min(whole.find_first_not_of('0'), whole.size()));
  if (whole.size() > precision - scale) return Held::kUnrepresentable;
  std::string_view decimals = digits.decimals;
  if (decimals.size() > scale) {
    if (decimals.find_first_not_of('0', scale) != std::string_view::npos)
      return Held::kUnrepresentable;
    decimals = decimals.substr(0, scale);
  }
  const auto size =
      static_cast<Int128>(Number(Number(0, whole), decimals)) * kPowers[scale - decimals.size()];
  column.AppendDecimal(digits.negative ? -size : size);
  return Held::kExact;
}

}  // namespace

Held ReadInteger(ColumnBuilder& column, Syntax syntax, std::string_view text) {
  int64_t number = 0;
  uint64_t size = 0;
  Held held = Held::kMalformed;
  switch (syntax) {
    case Syntax::kInt2:
    case Syntax::kInt4:
      held = ParseSigned(text, syntax == Syntax::kInt2 ? INT16_MAX : INT32_MAX, number);
      if (held == Held::kExact) column.AppendInt(static_cast<int32_t>(number));
      return held;
    case Syntax::kInt8:
      held = ParseSigned(text, INT64_MAX, number);
      if (held == Held::kExact) column.AppendLong(number);
      return held;
    case Syntax::kUnsigned32:
      held = ParseUnsigned(text, UINT32_MAX, size);
      if (held == Held::kExact) column.AppendLong(static_cast<int64_t>(size));
      return held;
    default:
      held = ParseUnsigned(text, UINT64_MAX, size);
      if (held != Held::kExact) return held;
      if (size > INT64_MAX) return Held::kUnrepresentable;
      column.AppendLong(static_cast<int64_t>(size));
      return held;
  }
}

Held ReadFloat(ColumnBuilder& column, std::string_view text) {
  float number = 0;
  const Held held = ParseFloating(text, number);
  if (held == Held::kExact) column.AppendFloat(number);
  return held;
}

Held ReadDouble(ColumnBuilder& column, std::string_view text) {
  double number = 0;
  const Held held = ParseFloating(text, number);
  if (held == Held::kExact) column.AppendDouble(number);
  return held;
}

Held ReadNumeric(ColumnBuilder& column, std::string_view text) {
  // Most are short, with as many decimals as the column has.
  const bool negative = text.starts_with('-');
  const char* at = text.data() + (negative ? 1 : 0);
  const char* const end = text.data() + text.size();
  const char* const whole = at;
  uint64_t size = TakeDigits(at, end);
  const auto whole_digits = at - whole;
  const auto scale = column.type().scale();
  if (end - whole > 18 || whole_digits == 0 || whole_digits > column.type().precision() - scale)
    return ReadLongNumeric(column, text);
  int decimals = 0;
  if (at < end && *at == '.') {
    const char* const point = at++;
    for (; at < end && IsDigit(*at); ++at) size = size * 10 + static_cast<uint64_t>(*at - '0');
    decimals = static_cast<int>(at - point) - 1;
    if (decimals == 0) return Held::kMalformed;
  }
  if (at < end) return Held::kMalformed;
  if (decimals > scale) return ReadLongNumeric(column, text);
  Int128 unscaled = static_cast<Int128>(size);
  if (decimals < scale) unscaled *= kPowers[static_cast<size_t>(scale - decimals)];
  column.AppendDecimal(negative ? -unscaled : unscaled);
  return Held::kExact;
}

}  // namespace caudal::postgres
