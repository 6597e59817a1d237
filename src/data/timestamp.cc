#include "data/timestamp.h"

#include <fmt/format.h>

#include <array>
#include <chrono>

namespace caudal {
namespace {

constexpr Micros kSecond = 1'000'000;

struct Parts {
  int year;
  unsigned month, day;
  int hour, minute, second;
  int64_t micros;
  std::chrono::weekday weekday;
};

Parts Split(Micros time) {
  using std::chrono::days;
  using std::chrono::sys_time;
  const sys_time<std::chrono::microseconds> point{std::chrono::microseconds(time)};
  const auto midnight = std::chrono::floor<days>(point);
  const std::chrono::year_month_day date(midnight);
  const std::chrono::hh_mm_ss clock(point - midnight);
  return {static_cast<int>(date.year()),
          static_cast<unsigned>(date.month()),
          static_cast<unsigned>(date.day()),
          static_cast<int>(clock.hours().count()),
          static_cast<int>(clock.minutes().count()),
          static_cast<int>(clock.seconds().count()),
          clock.subseconds().count(),
          std::chrono::weekday(midnight)};
}

// Reads exactly `digits` decimal digits at the front of `text`, or -1.
int TakeDigits(std::string_view& text, size_t digits) {
  if (text.size() < digits) return -1;
  int value = 0;
  for (size_t i = 0; i < digits; ++i) {
    if (text[i] < '0' || text[i] > '9') return -1;
    value = value * 10 + (text[i] - '0');
  }
  text.remove_prefix(digits);
  return value;
}

bool TakeOne(std::string_view& text, char wanted) {
  if (text.empty() || text.front() != wanted) return false;
  text.remove_prefix(1);
  return true;
}

Error BadTime(std::string_view text) {
  return MakeError(
      ErrorKind::kInvalid,
      fmt::format("'{}' is not a time such as 2026-11-23T19:13:00Z", text.substr(0, 64)));
}

Result<Micros> Assemble(std::string_view text, int year, int month, int day, int hour, int minute,
                        int second, int64_t micros) {
  const std::chrono::year_month_day date{std::chrono::year(year),
                                         std::chrono::month(static_cast<unsigned>(month)),
                                         std::chrono::day(static_cast<unsigned>(day))};
  if (!date.ok() || hour > 23 || minute > 59 || second > 60) return BadTime(text);
  const auto days = std::chrono::sys_days(date).time_since_epoch().count();
  return (days * 86400LL + hour * 3600LL + minute * 60LL + second) * kSecond + micros;
}

}  // namespace

std::string FormatRfc3339(Micros time, int digits) {
  const Parts p = Split(time);
  std::string text = fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}", p.year, p.month, p.day,
                                 p.hour, p.minute, p.second);
  if (digits == 3) text += fmt::format(".{:03}", p.micros / 1000);
  if (digits == 6) text += fmt::format(".{:06}", p.micros);
  text.push_back('Z');
  return text;
}

std::string FormatHttpDate(Micros time) {
  constexpr std::array<const char*, 7> kDays = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  constexpr std::array<const char*, 12> kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                   "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const Parts p = Split(time);
  return fmt::format("{}, {:02} {} {:04} {:02}:{:02}:{:02} GMT", kDays[p.weekday.c_encoding()],
                     p.day, kMonths[p.month - 1], p.year, p.hour, p.minute, p.second);
}

Result<Micros> ParseRfc3339(std::string_view text) {
  std::string_view rest = text;
  const int year = TakeDigits(rest, 4);
  if (year < 0 || !TakeOne(rest, '-')) return BadTime(text);
  const int month = TakeDigits(rest, 2);
  if (month < 0 || !TakeOne(rest, '-')) return BadTime(text);
  const int day = TakeDigits(rest, 2);
  if (day < 0) return BadTime(text);
  if (rest.empty()) return Assemble(text, year, month, day, 0, 0, 0, 0);
  if (!TakeOne(rest, 'T') && !TakeOne(rest, 't') && !TakeOne(rest, ' ')) return BadTime(text);
  const int hour = TakeDigits(rest, 2);
  if (hour < 0 || !TakeOne(rest, ':')) return BadTime(text);
  const int minute = TakeDigits(rest, 2);
  if (minute < 0 || !TakeOne(rest, ':')) return BadTime(text);
  const int second = TakeDigits(rest, 2);
  if (second < 0) return BadTime(text);
  int64_t micros = 0;
  if (TakeOne(rest, '.')) {
    int64_t unit = kSecond / 10;
    if (rest.empty() || rest.front() < '0' || rest.front() > '9') return BadTime(text);
    while (!rest.empty() && rest.front() >= '0' && rest.front() <= '9') {
      micros += (rest.front() - '0') * unit;
      unit /= 10;
      rest.remove_prefix(1);
    }
  }
  int64_t offset_minutes = 0;
  if (!TakeOne(rest, 'Z') && !TakeOne(rest, 'z')) {
    const bool ahead = TakeOne(rest, '+');
    if (!ahead && !TakeOne(rest, '-')) return BadTime(text);
    const int hours = TakeDigits(rest, 2);
    if (hours < 0 || !TakeOne(rest, ':')) return BadTime(text);
    const int minutes = TakeDigits(rest, 2);
    if (minutes < 0) return BadTime(text);
    offset_minutes = (ahead ? 1 : -1) * (hours * 60 + minutes);
  }
  if (!rest.empty()) return BadTime(text);
  const Micros local = TRY(Assemble(text, year, month, day, hour, minute, second, micros));
  return local - offset_minutes * 60 * kSecond;
}

Result<Micros> ParseBasicTimestamp(std::string_view text) {
  std::string_view rest = text;
  const int year = TakeDigits(rest, 4);
  const int month = year < 0 ? -1 : TakeDigits(rest, 2);
  const int day = month < 0 ? -1 : TakeDigits(rest, 2);
  if (day < 0 || !TakeOne(rest, 'T')) return BadTime(text);
  const int hour = TakeDigits(rest, 2);
  const int minute = hour < 0 ? -1 : TakeDigits(rest, 2);
  const int second = minute < 0 ? -1 : TakeDigits(rest, 2);
  if (second < 0 || rest != "Z") return BadTime(text);
  return Assemble(text, year, month, day, hour, minute, second, 0);
}

}  // namespace caudal
