#include <algorithm>
#include <array>
#include <bit>

#include "codec/postgres/replication.h"
#include "codec/postgres/value_text.h"
#include "codec/postgres/wire.h"
#include "data/utf8.h"

namespace caudal::postgres {
namespace {

constexpr int64_t kEpochDays = kEpochMicros / kMicrosOfDay;

template <class T>
bool Take(std::string_view bytes, T& number) {
  if (bytes.size() != sizeof number) return false;
  number = LoadBig<T>(bytes.data());
  return true;
}

Held AppendBoolean(ColumnBuilder& column, std::string_view bytes) {
  if (bytes.size() != 1 || static_cast<uint8_t>(bytes[0]) > 1) return Held::kMalformed;
  column.AppendBoolean(bytes[0] != 0);
  return Held::kExact;
}

template <class T>
Held AppendSmall(ColumnBuilder& column, std::string_view bytes) {
  T number = 0;
  if (!Take(bytes, number)) return Held::kMalformed;
  column.AppendInt(number);
  return Held::kExact;
}

template <class T>
Held AppendLarge(ColumnBuilder& column, std::string_view bytes) {
  T number = 0;
  if (!Take(bytes, number)) return Held::kMalformed;
  if (static_cast<uint64_t>(number) > INT64_MAX && number > 0) return Held::kUnrepresentable;
  column.AppendLong(static_cast<int64_t>(number));
  return Held::kExact;
}

Held AppendFloat4(ColumnBuilder& column, std::string_view bytes) {
  uint32_t bits = 0;
  if (!Take(bytes, bits)) return Held::kMalformed;
  const auto number = std::bit_cast<float>(bits);
  column.AppendFloat(number == number ? number : std::numeric_limits<float>::quiet_NaN());
  return Held::kExact;
}

Held AppendFloat8(ColumnBuilder& column, std::string_view bytes) {
  uint64_t bits = 0;
  if (!Take(bytes, bits)) return Held::kMalformed;
  const auto number = std::bit_cast<double>(bits);
  column.AppendDouble(number == number ? number : std::numeric_limits<double>::quiet_NaN());
  return Held::kExact;
}

int DigitsOf(int group) { return group > 999 ? 4 : group > 99 ? 3 : group > 9 ? 2 : 1; }

// Groups of four decimal digits: the number of them, the weight of the first (its power of 10000),
// the sign, how many decimals are shown, the groups; 16 bits each.
Held AppendNumeric(ColumnBuilder& column, std::string_view bytes) {
  constexpr size_t kHead = 8;
  if (bytes.size() < kHead) return Held::kMalformed;
  const auto count = LoadBig<uint16_t>(bytes.data());
  const int weight = LoadBig<int16_t>(bytes.data() + 2);
  const auto sign = LoadBig<uint16_t>(bytes.data() + 4);
  if (bytes.size() != kHead + size_t{2} * count) return Held::kMalformed;
  if (sign == 0xc000 || sign == 0xd000 || sign == 0xf000) return Held::kUnrepresentable;
  if (sign != 0 && sign != 0x4000) return Held::kMalformed;
  const int scale = column.type().scale();
  Int128 unscaled = 0;
  int exponent = 0;  // of the last group that was taken: its units are 10^exponent
  bool begun = false;
  for (int i = 0; i < count; ++i) {
    const int group = LoadBig<uint16_t>(bytes.data() + kHead + 2 * i);
    if (group > 9999) return Held::kMalformed;
    if (group == 0 && !begun) continue;
    const int group_exponent = 4 * (weight - i);
    if (!begun && group_exponent + DigitsOf(group) > column.type().precision() - scale)
      return Held::kUnrepresentable;
    begun = true;
    // How many of the group's digits are beyond the scale.
    const int beyond = std::clamp(-scale - group_exponent, 0, 4);
    static constexpr int kPowers[] = {1, 10, 100, 1000, 10'000};
    if (group % kPowers[beyond] != 0) return Held::kUnrepresentable;
    if (beyond == 4) continue;
    unscaled = unscaled * kPowers[4 - beyond] + group / kPowers[beyond];
    exponent = group_exponent + beyond;
  }
  if (begun && unscaled != 0) unscaled *= PowerOfTen(exponent + scale);
  column.AppendDecimal(sign == 0 ? unscaled : -unscaled);
  return Held::kExact;
}

Held AppendPlainText(ColumnBuilder& column, std::string_view bytes) {
  if (!IsValidUtf8(bytes)) return Held::kUnrepresentable;
  column.AppendBytes(bytes);
  return Held::kExact;
}

Held AppendJsonb(ColumnBuilder& column, std::string_view bytes) {
  if (!bytes.starts_with('\1')) return Held::kMalformed;  // its version
  return AppendPlainText(column, bytes.substr(1));
}

Held AppendDate(ColumnBuilder& column, std::string_view bytes) {
  int32_t days = 0;
  if (!Take(bytes, days)) return Held::kMalformed;
  const int64_t unix_days = days + kEpochDays;
  // The greatest and the least are the infinities.
  if (days == INT32_MAX || unix_days > INT32_MAX || unix_days < kDaysMin)
    return Held::kUnrepresentable;
  column.AppendInt(static_cast<int32_t>(unix_days));
  return Held::kExact;
}

Held AppendTime(ColumnBuilder& column, std::string_view bytes) {
  int64_t micros = 0;
  if (!Take(bytes, micros) || micros < 0 || micros > kMicrosOfDay) return Held::kMalformed;
  if (micros == kMicrosOfDay) return Held::kUnrepresentable;
  column.AppendLong(micros);
  return Held::kExact;
}

Held AppendTimestamp(ColumnBuilder& column, std::string_view bytes) {
  int64_t micros = 0;
  if (!Take(bytes, micros)) return Held::kMalformed;
  // The greatest and the least are the infinities.
  int64_t unix_micros = 0;
  if (__builtin_add_overflow(micros, kEpochMicros, &unix_micros) || unix_micros < kMicrosMin)
    return Held::kUnrepresentable;
  column.AppendLong(unix_micros);
  return Held::kExact;
}

Held AppendIntervalBytes(ColumnBuilder& column, std::string_view bytes) {
  if (bytes.size() != 16) return Held::kMalformed;
  const char* const at = bytes.data();
  return AppendInterval(column, LoadBig<int32_t>(at + 12), LoadBig<int32_t>(at + 8),
                        LoadBig<int64_t>(at));
}

Held AppendUuid(ColumnBuilder& column, std::string_view bytes) {
  if (bytes.size() != 16) return Held::kMalformed;
  column.AppendBytes(bytes);
  return Held::kExact;
}

Held Read(ColumnBuilder& column, Syntax syntax, std::string_view bytes) {
  switch (syntax) {
    case Syntax::kBoolean:
      return AppendBoolean(column, bytes);
    case Syntax::kInt2:
      return AppendSmall<int16_t>(column, bytes);
    case Syntax::kInt4:
      return AppendSmall<int32_t>(column, bytes);
    case Syntax::kInt8:
      return AppendLarge<int64_t>(column, bytes);
    case Syntax::kUnsigned32:
      return AppendLarge<uint32_t>(column, bytes);
    case Syntax::kUnsigned64:
      return AppendLarge<uint64_t>(column, bytes);
    case Syntax::kFloat4:
      return AppendFloat4(column, bytes);
    case Syntax::kFloat8:
      return AppendFloat8(column, bytes);
    case Syntax::kNumeric:
      return AppendNumeric(column, bytes);
    case Syntax::kText:
      return AppendPlainText(column, bytes);
    case Syntax::kJsonb:
      return AppendJsonb(column, bytes);
    case Syntax::kBytea:
      column.AppendBytes(bytes);
      return Held::kExact;
    case Syntax::kDate:
      return AppendDate(column, bytes);
    case Syntax::kTime:
      return AppendTime(column, bytes);
    case Syntax::kTimestamp:
    case Syntax::kTimestampTz:
      return AppendTimestamp(column, bytes);
    case Syntax::kInterval:
      return AppendIntervalBytes(column, bytes);
    case Syntax::kUuid:
      return AppendUuid(column, bytes);
    case Syntax::kTextOnly:
    case Syntax::kArray:
    case Syntax::kComposite:
    case Syntax::kHstore:
      break;
  }
  return Held::kMalformed;
}

}  // namespace

Held AppendBinary(ColumnBuilder& column, const ValueForm& form, std::string_view bytes) {
  const Held held = Read(column, form.syntax(), bytes);
  if (held != Held::kExact) [[unlikely]]
    column.AppendNull();
  return held;
}

}  // namespace caudal::postgres
