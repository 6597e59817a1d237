// Types of declared columns: what a text must look like to be a value of one, exactly. Nothing is
// rounded, cut or guessed: "3.7" is no integer, "1.005" no decimal(18,2).
//
//   text            as it stands
//   boolean         true, false (any case)
//   integer         64 bits: an optional sign and digits
//   decimal(p,s)    p digits, 1 to 38, s of them after the point: no more than s, but for zeros
//   double          a number, also with an exponent; inf, nan
//   date            2026-07-31
//   timestamp       2026-07-31 or 2026-07-31T10:20:30.123456, T or a space; no time zone
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace caudal::functions {

// kInvalid names the types there are.
Result<void> CheckColumnType(std::string_view type);

// SQL for the value of `text`, a SQL expression of type VARCHAR: NULL when it is no value of the
// type. `type` must be one.
std::string ValueOfText(std::string_view type, const std::string& text);

}  // namespace caudal::functions
