// The calendar without zones: days since 1970-01-01 and (year, month, day), proleptic Gregorian,
// over all of 64-bit microseconds and beyond.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace caudal {

struct CivilDate {
  int64_t year = 1970;
  int month = 1;  // 1…12
  int day = 1;    // 1…31
  bool operator==(const CivilDate&) const = default;
};

CivilDate CivilFromDays(int64_t days);
int64_t DaysFromCivil(const CivilDate& date);

// Division that rounds down, also below zero.
constexpr int64_t FloorDivide(int64_t a, int64_t b) {
  return a / b - (a % b != 0 && (a < 0) != (b < 0));
}

// ISO 8601: "2017-11-16"; years outside of 0…9999 have a sign: "+12017-11-16", "-0001-11-16".
std::string FormatDate(int64_t days);
Result<int64_t> ParseDate(std::string_view text);
// "22:31:08.123456", of units since midnight; `digits`: 6 (micros) or 9 (nanos).
std::string FormatTime(int64_t units, int digits);
// Seconds and the fraction may be missing; digits beyond `digits` must be zeros.
Result<int64_t> ParseTime(std::string_view text, int digits);

}  // namespace caudal
