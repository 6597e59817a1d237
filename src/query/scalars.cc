#include "query/scalars.h"

#include <array>
#include <charconv>
#include <cmath>

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

void AppendDate(std::string& out, int32_t days) {
  if (!engine::AppendInfinity(out, days)) AppendDay(out, days);
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
  if (engine::AppendInfinity(out, units)) return;
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

}  // namespace caudal::query
