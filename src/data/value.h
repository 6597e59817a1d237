// One value of a type that isn't nested, in the form that computes.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "base/result.h"
#include "data/type.h"

namespace caudal {

using Int128 = __int128;

// What a type's values are held as:
//
//   null                                    monostate
//   boolean                                 bool
//   int, date                               int32_t
//   long, time, timestamps                  int64_t
//   float, double                           float, double
//   decimal                                 Int128, without its scale
//   string, uuid (16 bytes), fixed, binary  std::string, the bytes
using Value =
    std::variant<std::monostate, bool, int32_t, int64_t, float, double, Int128, std::string>;

inline bool IsNull(const Value& value) { return value.index() == 0; }
// It is null or held as `type`'s values are: lengths, digits and UTF-8 are looked at too.
bool Fits(const Type& type, const Value& value);

// Iceberg's order, for two values of one type that aren't null: below, at or above zero. Strings
// and bytes by unsigned byte; -NaN < -Infinity < -0.0 < 0.0 < Infinity < NaN.
int Compare(const Value& a, const Value& b);

// "-12.30" for -1230 at scale 2.
std::string DecimalText(Int128 unscaled, int scale);
// Digits with at most one point and no exponent; kInvalid when it has more than `scale` decimals
// that aren't zero, or more than `precision` digits.
Result<Int128> ParseDecimalText(std::string_view text, int precision, int scale);
// 10 to the power of `digits`, up to 38.
Int128 PowerOfTen(int digits);

// Lower case, with hyphens; from and to 16 bytes.
std::string UuidText(std::string_view bytes);
Result<std::string> ParseUuid(std::string_view text);
// Writes the 16 bytes to `out`; false when it is none, and what was written is of no use.
bool ParseUuidTo(std::string_view text, char* out);

}  // namespace caudal
