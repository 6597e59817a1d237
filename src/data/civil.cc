#include "data/civil.h"

#include <fmt/format.h>

#include <algorithm>

namespace caudal {
namespace {

Error Bad(std::string_view text, std::string_view what) {
  return MakeError(ErrorKind::kInvalid,
                   fmt::format("\"{}\" is not a {}", text.substr(0, 80), what));
}

// `count` digits at the front of `text`, which is shortened; -1 when they aren't there.
int64_t TakeDigits(std::string_view& text, size_t count) {
  if (text.size() < count || count > 9) return -1;
  int64_t number = 0;
  for (size_t i = 0; i < count; ++i) {
    if (text[i] < '0' || text[i] > '9') return -1;
    number = number * 10 + (text[i] - '0');
  }
  text.remove_prefix(count);
  return number;
}

bool Take(std::string_view& text, char c) {
  if (!text.starts_with(c)) return false;
  text.remove_prefix(1);
  return true;
}

}  // namespace

// Howard Hinnant's arithmetic: years begin in March, so that the leap day is the last.
CivilDate CivilFromDays(int64_t days) {
  days += 719'468;
  const int64_t era = FloorDivide(days, 146'097);
  const int64_t day_of_era = days - era * 146'097;
  const int64_t year_of_era =
      (day_of_era - day_of_era / 1460 + day_of_era / 36'524 - day_of_era / 146'096) / 365;
  const int64_t day_of_year =
      day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  const int64_t month = (5 * day_of_year + 2) / 153;
  CivilDate date;
  date.day = static_cast<int>(day_of_year - (153 * month + 2) / 5 + 1);
  date.month = static_cast<int>(month < 10 ? month + 3 : month - 9);
  date.year = year_of_era + era * 400 + (date.month <= 2 ? 1 : 0);
  return date;
}

int64_t DaysFromCivil(const CivilDate& date) {
  const int64_t year = date.year - (date.month <= 2 ? 1 : 0);
  const int64_t era = FloorDivide(year, 400);
  const int64_t year_of_era = year - era * 400;
  const int64_t month = date.month > 2 ? date.month - 3 : date.month + 9;
  const int64_t day_of_year = (153 * month + 2) / 5 + date.day - 1;
  const int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
  return era * 146'097 + day_of_era - 719'468;
}

std::string FormatDate(int64_t days) {
  const CivilDate date = CivilFromDays(days);
  const std::string_view sign = date.year < 0 ? "-" : date.year > 9999 ? "+" : "";
  return fmt::format("{}{:04}-{:02}-{:02}", sign, date.year < 0 ? -date.year : date.year,
                     date.month, date.day);
}

Result<int64_t> ParseDate(std::string_view text) {
  const auto bad = [&] { return Bad(text, "date of the form 2017-11-16"); };
  std::string_view rest = text;
  const bool negative = Take(rest, '-');
  const bool has_sign = negative || Take(rest, '+');
  const size_t year_digits = std::min(rest.find('-'), rest.size());
  if (year_digits < 4 || (!has_sign && year_digits > 4)) return bad();
  CivilDate date;
  date.year = TakeDigits(rest, year_digits);
  if (date.year < 0 || !Take(rest, '-')) return bad();
  date.month = static_cast<int>(TakeDigits(rest, 2));
  if (!Take(rest, '-')) return bad();
  date.day = static_cast<int>(TakeDigits(rest, 2));
  if (!rest.empty() || date.month < 1 || date.month > 12 || date.day < 1) return bad();
  if (negative) date.year = -date.year;
  const int64_t days = DaysFromCivil(date);
  if (CivilFromDays(days) != date) return bad();  // 31 April
  return days;
}

std::string FormatTime(int64_t units, int digits) {
  const int64_t second = digits == 9 ? 1'000'000'000 : 1'000'000;
  const int64_t seconds = units / second;
  return fmt::format("{:02}:{:02}:{:02}.{:0{}}", seconds / 3600, seconds / 60 % 60, seconds % 60,
                     units % second, digits);
}

Result<int64_t> ParseTime(std::string_view text, int digits) {
  const auto bad = [&] { return Bad(text, "time of the form 22:31:08.123456"); };
  std::string_view rest = text;
  const int64_t hour = TakeDigits(rest, 2);
  if (!Take(rest, ':')) return bad();
  const int64_t minute = TakeDigits(rest, 2);
  int64_t second = 0;
  if (Take(rest, ':')) second = TakeDigits(rest, 2);
  int64_t fraction = 0;
  int seen = 0;
  if (Take(rest, '.')) {
    for (; !rest.empty(); ++seen) {
      const int64_t digit = TakeDigits(rest, 1);
      if (digit < 0 || (seen >= digits && digit != 0)) return bad();
      if (seen < digits) fraction = fraction * 10 + digit;
    }
    if (seen == 0) return bad();
  }
  for (; seen < digits; ++seen) fraction *= 10;
  if (!rest.empty() || hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 ||
      second > 59)
    return bad();
  return (hour * 3600 + minute * 60 + second) * (digits == 9 ? 1'000'000'000 : 1'000'000) +
         fraction;
}

}  // namespace caudal
