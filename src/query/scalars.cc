#include "query/scalars.h"

#include <cmath>
#include <limits>

#include "data/civil.h"

namespace caudal::query {
namespace {

constexpr int64_t kSecondsPerDay = 86'400;
constexpr auto kPowers = std::to_array<int64_t>(
    {1, 10, 100, 1'000, 10'000, 100'000, 1'000'000, 10'000'000, 100'000'000, 1'000'000'000});

// Exactly `digits` of them.
char* PutDigits(char* at, int64_t value, int digits) {
  for (int i = digits - 1; i >= 0; --i) {
    at[i] = static_cast<char>('0' + value % 10);
    value /= 10;
  }
  return at + digits;
}

template <class T>
void AppendFloating(std::string& out, T value) {
  if (std::isnan(value)) {
    out += "NaN";
    return;
  }
  if (std::isinf(value)) {
    out += value < 0 ? "-Infinity" : "Infinity";
    return;
  }
  std::array<char, 64> text;
  const char* end = std::to_chars(text.data(), text.data() + text.size(), value).ptr;
  const std::string_view shortest(text.data(), static_cast<size_t>(end - text.data()));
  out += shortest;
  if (shortest.find_first_of(".e") == std::string_view::npos) out += ".0";
}

// Written to the end of `text`; where it begins.
char* PutWide(std::array<char, 48>& text, engine::UInt128 value) {
  constexpr uint64_t kBase = 10'000'000'000'000'000'000u;  // 10^19
  char* at = text.data() + text.size();
  while (value >= kBase) {
    const auto low = static_cast<uint64_t>(value % kBase);
    value /= kBase;
    at -= 19;
    uint64_t rest = low;
    for (int i = 18; i >= 0; --i, rest /= 10) at[i] = static_cast<char>('0' + rest % 10);
  }
  auto rest = static_cast<uint64_t>(value);
  do {
    *--at = static_cast<char>('0' + rest % 10);
    rest /= 10;
  } while (rest != 0);
  return at;
}

template <class T>
bool AppendInfinity(std::string& out, T value) {
  if (value != std::numeric_limits<T>::max() && value != -std::numeric_limits<T>::max())
    return false;
  out += value < 0 ? "-infinity" : "infinity";
  return true;
}

void AppendDay(std::string& out, int64_t days) {
  const CivilDate date = CivilFromDays(days);
  if (date.year < 0 || date.year > 9999) {
    out += FormatDate(days);
    return;
  }
  std::array<char, 10> text;
  char* at = PutDigits(text.data(), date.year, 4);
  *at++ = '-';
  at = PutDigits(at, date.month, 2);
  *at++ = '-';
  PutDigits(at, date.day, 2);
  out.append(text.data(), text.size());
}

}  // namespace

void AppendFloat(std::string& out, float value) { AppendFloating(out, value); }
void AppendFloat(std::string& out, double value) { AppendFloating(out, value); }

void AppendUnsigned(std::string& out, engine::UInt128 value) {
  std::array<char, 48> text;
  const char* const at = PutWide(text, value);
  out.append(at, static_cast<size_t>(text.data() + text.size() - at));
}

void AppendDecimal(std::string& out, engine::Int128 value, int scale) {
  using engine::UInt128;
  if (value < 0) out += '-';
  std::array<char, 48> text;
  char* at = PutWide(
      text, value < 0 ? UInt128{0} - static_cast<UInt128>(value) : static_cast<UInt128>(value));
  char* const point = text.data() + text.size() - scale;
  while (at >= point && scale > 0) *--at = '0';
  out.append(at, point);
  if (scale == 0) return;
  out += '.';
  out.append(point, static_cast<size_t>(scale));
}

void AppendDate(std::string& out, int32_t days) {
  if (!AppendInfinity(out, days)) AppendDay(out, days);
}

void AppendTime(std::string& out, int64_t units, int digits) {
  const int64_t per_second = kPowers[static_cast<size_t>(digits)];
  const int64_t seconds = units / per_second;
  std::array<char, 24> text;
  char* at = PutDigits(text.data(), seconds / 3600, 2);
  *at++ = ':';
  at = PutDigits(at, seconds / 60 % 60, 2);
  *at++ = ':';
  at = PutDigits(at, seconds % 60, 2);
  if (digits > 0) {
    *at++ = '.';
    at = PutDigits(at, units % per_second, digits);
  }
  out.append(text.data(), at);
}

void AppendTimestamp(std::string& out, int64_t units, int digits, bool zone) {
  if (AppendInfinity(out, units)) return;
  const int64_t per_day = kSecondsPerDay * kPowers[static_cast<size_t>(digits)];
  const int64_t days = FloorDivide(units, per_day);
  AppendDay(out, days);
  out += 'T';
  // The product may lie below what 64 bits hold; the rest is right all the same.
  AppendTime(out,
             static_cast<int64_t>(static_cast<uint64_t>(units) -
                                  static_cast<uint64_t>(days) * static_cast<uint64_t>(per_day)),
             digits);
  if (zone) out += 'Z';
}

void AppendTimeWithZone(std::string& out, uint64_t bits) {
  // Microseconds in the upper 40 bits; below, what the offset lacks to the largest one.
  constexpr int64_t kOffsetMax = 16 * 3600 - 1;
  AppendTime(out, static_cast<int64_t>(bits >> 24), 6);
  int64_t offset = kOffsetMax - static_cast<int64_t>(bits & 0xFFFFFF);
  out += offset < 0 ? '-' : '+';
  offset = offset < 0 ? -offset : offset;
  std::array<char, 8> text;
  char* at = PutDigits(text.data(), offset / 3600, 2);
  *at++ = ':';
  at = PutDigits(at, offset / 60 % 60, 2);
  if (offset % 60 != 0) {
    *at++ = ':';
    at = PutDigits(at, offset % 60, 2);
  }
  out.append(text.data(), at);
}

void AppendIntervalObject(std::string& out, const engine::Interval& interval) {
  out += R"({"months":)";
  AppendInteger(out, interval.months);
  out += R"(,"days":)";
  AppendInteger(out, interval.days);
  out += R"(,"micros":")";
  AppendInteger(out, interval.nanoseconds / 1000);
  out += R"("})";
}

void AppendBase64(std::string& out, std::string_view bytes) {
  constexpr std::string_view kDigits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  const size_t start = out.size();
  out.resize(start + (bytes.size() + 2) / 3 * 4, '=');
  char* at = out.data() + start;
  const auto byte = [&](size_t i) { return static_cast<uint32_t>(static_cast<uint8_t>(bytes[i])); };
  size_t i = 0;
  for (; i + 2 < bytes.size(); i += 3) {
    const uint32_t three = byte(i) << 16 | byte(i + 1) << 8 | byte(i + 2);
    for (int shift = 18; shift >= 0; shift -= 6) *at++ = kDigits[three >> shift & 63];
  }
  if (i == bytes.size()) return;
  const bool two = i + 1 < bytes.size();
  const uint32_t rest = byte(i) << 16 | (two ? byte(i + 1) << 8 : 0);
  *at++ = kDigits[rest >> 18 & 63];
  *at++ = kDigits[rest >> 12 & 63];
  if (two) *at++ = kDigits[rest >> 6 & 63];
}

void AppendUuid(std::string& out, const unsigned char* bytes) {
  constexpr std::string_view kHex = "0123456789abcdef";
  std::array<char, 36> text;
  char* at = text.data();
  for (int i = 0; i < 16; ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) *at++ = '-';
    *at++ = kHex[bytes[i] >> 4];
    *at++ = kHex[bytes[i] & 15];
  }
  out.append(text.data(), text.size());
}

// How many bits of the first byte are padding, then the bits.
void AppendBits(std::string& out, std::string_view bytes) {
  if (bytes.size() < 2) return;
  const auto padding = static_cast<size_t>(static_cast<uint8_t>(bytes[0]));
  for (size_t i = 8 + padding; i < bytes.size() * 8; ++i)
    out += (static_cast<uint8_t>(bytes[i / 8]) >> (7 - i % 8) & 1) != 0 ? '1' : '0';
}

}  // namespace caudal::query
