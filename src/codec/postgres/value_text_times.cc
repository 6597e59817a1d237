#include "codec/postgres/value_text.h"
#include "data/civil.h"

namespace caudal::postgres {
namespace {

// A text that is eaten from its front.
struct Text {
  const char* at;
  const char* end;

  explicit Text(std::string_view text) : at(text.data()), end(at + text.size()) {}
  bool done() const { return at == end; }
  size_t left() const { return static_cast<size_t>(end - at); }
  std::string_view rest() const { return {at, left()}; }
  bool Take(char c) {
    if (at == end || *at != c) return false;
    ++at;
    return true;
  }
  bool Take(std::string_view word) {
    if (!rest().starts_with(word)) return false;
    at += word.size();
    return true;
  }
  // Two digits, of a number below `bound`.
  bool TakeTwo(int bound, int& number) {
    if (left() < 2) return false;
    const auto tens = static_cast<unsigned char>(at[0] - '0');
    const auto ones = static_cast<unsigned char>(at[1] - '0');
    number = tens * 10 + ones;
    at += 2;
    return tens < 10 && ones < 10 && number < bound;
  }
  // As many digits as there are: at least one, and no number above `max`.
  bool TakeNumber(int64_t max, int64_t& number) {
    const char* const first = at;
    number = 0;
    for (; at < end && *at >= '0' && *at <= '9'; ++at) {
      if (number > max / 10) return false;
      number = number * 10 + (*at - '0');
    }
    return at > first && number <= max;
  }
};

constexpr int kDaysOfMonth[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};

bool IsLeap(int64_t year) { return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0); }

// "2024-02-29"; the year has four digits or more. Whether the day exists is for DaysOf, as " BC"
// may follow at the very end.
bool TakeDate(Text& text, CivilDate& date) {
  const char* const year = text.at;
  if (!text.TakeNumber(9'999'999, date.year) || text.at - year < 4 || date.year == 0) return false;
  return text.Take('-') && text.TakeTwo(13, date.month) && text.Take('-') &&
         text.TakeTwo(32, date.day) && date.month > 0 && date.day > 0;
}

bool DaysOf(CivilDate date, bool before_christ, int64_t& days) {
  if (before_christ) date.year = 1 - date.year;
  const int last = kDaysOfMonth[date.month - 1] + (date.month == 2 && IsLeap(date.year) ? 1 : 0);
  days = DaysFromCivil(date);
  return date.day <= last;
}

// "08:09:10" with up to six decimals. 24:00:00 too.
bool TakeClock(Text& text, int64_t& micros) {
  int hour = 0;
  int minute = 0;
  int second = 0;
  if (!text.TakeTwo(25, hour) || !text.Take(':') || !text.TakeTwo(60, minute) || !text.Take(':') ||
      !text.TakeTwo(60, second))
    return false;
  int64_t fraction = 0;
  if (text.Take('.')) {
    int digits = 0;
    for (; digits < 6 && !text.done() && *text.at >= '0' && *text.at <= '9'; ++digits, ++text.at)
      fraction = fraction * 10 + (*text.at - '0');
    if (digits == 0) return false;
    for (; digits < 6; ++digits) fraction *= 10;
  }
  micros = ((hour * 60 + minute) * 60 + second) * int64_t{1'000'000} + fraction;
  return micros <= kMicrosOfDay;
}

// "+00", "-03:30", "+01:23:45": microseconds east of Greenwich.
bool TakeZone(Text& text, int64_t& micros) {
  const bool west = text.Take('-');
  if (!west && !text.Take('+')) return false;
  int hour = 0;
  int minute = 0;
  int second = 0;
  if (!text.TakeTwo(25, hour)) return false;
  if (text.Take(':') && !text.TakeTwo(60, minute)) return false;
  if (text.Take(':') && !text.TakeTwo(60, second)) return false;
  micros = ((hour * 60 + minute) * 60 + second) * int64_t{1'000'000};
  if (west) micros = -micros;
  return true;
}

bool IsInfinity(std::string_view text) { return text == "infinity" || text == "-infinity"; }

// "-04:05:06.789"; hours of any number of digits. In microseconds, which may be too many:
// kUnrepresentable.
bool TakeDuration(Text& text, __int128& micros) {
  const bool negative = text.Take('-');
  if (!negative) text.Take('+');
  int64_t hours = 0;
  int minute = 0;
  int second = 0;
  if (!text.TakeNumber(9'999'999'999, hours) || !text.Take(':') || !text.TakeTwo(60, minute) ||
      !text.Take(':') || !text.TakeTwo(60, second))
    return false;
  int64_t fraction = 0;
  if (text.Take('.')) {
    const char* const first = text.at;
    if (!text.TakeNumber(999'999, fraction) || text.at - first > 6) return false;
    for (auto digits = text.at - first; digits < 6; ++digits) fraction *= 10;
  }
  micros = (static_cast<__int128>(hours) * 3600 + minute * 60 + second) * 1'000'000 + fraction;
  if (negative) micros = -micros;
  return true;
}

}  // namespace

Held ReadDate(ColumnBuilder& column, std::string_view text) {
  if (IsInfinity(text)) return Held::kUnrepresentable;
  Text rest(text);
  CivilDate date;
  int64_t days = 0;
  if (!TakeDate(rest, date)) return Held::kMalformed;
  const bool before_christ = rest.Take(" BC");
  if (!rest.done() || !DaysOf(date, before_christ, days)) return Held::kMalformed;
  if (days < kDaysMin || days > INT32_MAX) return Held::kUnrepresentable;
  column.AppendInt(static_cast<int32_t>(days));
  return Held::kExact;
}

Held ReadTime(ColumnBuilder& column, std::string_view text) {
  Text rest(text);
  int64_t micros = 0;
  if (!TakeClock(rest, micros) || !rest.done()) return Held::kMalformed;
  if (micros == kMicrosOfDay) return Held::kUnrepresentable;
  column.AppendLong(micros);
  return Held::kExact;
}

Held ReadTimestamp(ColumnBuilder& column, std::string_view text, bool with_zone) {
  Text rest(text);
  CivilDate date;
  int64_t days = 0;
  int64_t clock = 0;
  int64_t zone = 0;
  if (!TakeDate(rest, date)) return IsInfinity(text) ? Held::kUnrepresentable : Held::kMalformed;
  if (!rest.Take(' ') || !TakeClock(rest, clock) || clock == kMicrosOfDay) return Held::kMalformed;
  if (with_zone && !TakeZone(rest, zone)) return Held::kMalformed;
  const bool before_christ = !rest.done() && rest.Take(" BC");
  if (!rest.done() || !DaysOf(date, before_christ, days)) return Held::kMalformed;
  int64_t micros = 0;
  if (__builtin_mul_overflow(days, kMicrosOfDay, &micros) ||
      __builtin_add_overflow(micros, clock - zone, &micros) || micros < kMicrosMin)
    return Held::kUnrepresentable;
  column.AppendLong(micros);
  return Held::kExact;
}

Held AppendInterval(ColumnBuilder& column, int32_t months, int32_t days, int64_t micros) {
  // Infinity, from PostgreSQL 17 on.
  if (months == INT32_MAX && days == INT32_MAX && micros == INT64_MAX)
    return Held::kUnrepresentable;
  if (months == INT32_MIN && days == INT32_MIN && micros == INT64_MIN)
    return Held::kUnrepresentable;
  column.child(0).AppendInt(months);
  column.child(1).AppendInt(days);
  column.child(2).AppendLong(micros);
  column.AppendNested();
  return Held::kExact;
}

// "1 year 2 mons -3 days +04:05:06.789": the parts that aren't zero, in this order.
Held ReadInterval(ColumnBuilder& column, std::string_view text) {
  if (IsInfinity(text)) return Held::kUnrepresentable;
  Text rest(text);
  int64_t months = 0;
  int64_t days = 0;
  __int128 micros = 0;
  int next_unit = 0;  // years, months, days, the clock, nothing
  if (rest.done()) return Held::kMalformed;
  while (!rest.done()) {
    if (rest.at != text.data() && !rest.Take(' ')) return Held::kMalformed;
    const Text part = rest;
    const bool negative = rest.Take('-');
    if (!negative) rest.Take('+');
    int64_t number = 0;
    if (!rest.TakeNumber(9'999'999'999, number)) return Held::kMalformed;
    if (negative) number = -number;
    if (next_unit < 1 && (rest.Take(" years") || rest.Take(" year"))) {
      months = number * 12;
      next_unit = 1;
    } else if (next_unit < 2 && (rest.Take(" mons") || rest.Take(" mon"))) {
      months += number;
      next_unit = 2;
    } else if (next_unit < 3 && (rest.Take(" days") || rest.Take(" day"))) {
      days = number;
      next_unit = 3;
    } else {
      rest = part;
      if (next_unit > 3 || !TakeDuration(rest, micros)) return Held::kMalformed;
      next_unit = 4;
    }
  }
  if (months < INT32_MIN || months > INT32_MAX || days < INT32_MIN || days > INT32_MAX ||
      micros < INT64_MIN || micros > INT64_MAX)
    return Held::kMalformed;
  return AppendInterval(column, static_cast<int32_t>(months), static_cast<int32_t>(days),
                        static_cast<int64_t>(micros));
}

}  // namespace caudal::postgres
