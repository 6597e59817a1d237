#include "engine/time_text.h"

#include <fmt/format.h>

#include "data/civil.h"
#include "engine/scalar_pieces.h"

namespace caudal::engine {
namespace {

constexpr int64_t kSecondsPerDay = 86'400;

int64_t Power10(int exponent) {
  int64_t power = 1;
  while (exponent-- > 0) power *= 10;
  return power;
}

// There is no year 0: 1 BC comes before 1.
void AppendCivil(std::string& out, int64_t days) {
  const CivilDate date = CivilFromDays(days);
  out += fmt::format("{:04}-{:02}-{:02}{}", date.year > 0 ? date.year : 1 - date.year, date.month,
                     date.day, date.year > 0 ? "" : " (BC)");
}

void AppendSeconds(std::string& out, int64_t seconds) {
  out += fmt::format("{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60);
}

// ".5", without the zeros at the end; nothing for none.
void AppendFraction(std::string& out, int64_t fraction, int digits) {
  if (fraction == 0) return;
  out += fmt::format(".{:0{}}", fraction, digits);
  out.resize(out.find_last_not_of('0') + 1);
}

void AppendUnit(std::string& out, int64_t count, std::string_view unit) {
  if (count == 0) return;
  if (!out.empty()) out += ' ';
  out += fmt::format("{} {}{}", count, unit, count == 1 || count == -1 ? "" : "s");
}

}  // namespace

void AppendDate(std::string& out, int32_t days) {
  if (!AppendInfinity(out, days)) AppendCivil(out, days);
}

void AppendTime(std::string& out, int64_t time, int digits) {
  const int64_t unit = Power10(digits);
  AppendSeconds(out, time / unit);
  AppendFraction(out, time % unit, digits);
}

void AppendTimeWithZone(std::string& out, uint64_t bits) {
  // Microseconds in the upper 40 bits; below, what the offset lacks to the largest one.
  constexpr int64_t kOffsetMax = 16 * 3600 - 1;
  AppendTime(out, static_cast<int64_t>(bits >> 24), 6);
  int64_t offset = kOffsetMax - static_cast<int64_t>(bits & 0xFFFFFF);
  out += offset < 0 ? '-' : '+';
  offset = offset < 0 ? -offset : offset;
  out += fmt::format("{:02}", offset / 3600);
  if (offset % 3600 != 0) out += fmt::format(":{:02}", offset / 60 % 60);
  if (offset % 60 != 0) out += fmt::format(":{:02}", offset % 60);
}

void AppendTimestamp(std::string& out, int64_t time, char unit, bool zone) {
  if (AppendInfinity(out, time)) return;
  const int digits = unit == 's' ? 0 : unit == 'm' ? 3 : unit == 'u' ? 6 : 9;
  const int64_t per_second = Power10(digits);
  const int64_t seconds = FloorDivide(time, per_second);
  const int64_t days = FloorDivide(seconds, kSecondsPerDay);
  AppendCivil(out, days);
  out += ' ';
  AppendSeconds(out, seconds - days * kSecondsPerDay);
  const int64_t rest = time % per_second;
  AppendFraction(out, rest < 0 ? rest + per_second : rest, digits);
  if (zone) out += "+00";
}

void AppendInterval(std::string& out, const Interval& interval) {
  std::string text;
  AppendUnit(text, interval.months / 12, "year");
  AppendUnit(text, interval.months % 12, "month");
  AppendUnit(text, interval.days, "day");
  const int64_t micros = interval.nanoseconds / 1000;
  if (micros != 0 || text.empty()) {
    if (!text.empty()) text += ' ';
    if (micros < 0) text += '-';
    AppendTime(text, micros < 0 ? -micros : micros, 6);
  }
  out += text;
}

}  // namespace caudal::engine
