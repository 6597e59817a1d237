// Numbers wider than a machine word as text.
#pragma once

#include <string>
#include <string_view>

namespace caudal::engine {

__extension__ using Int128 = __int128;
__extension__ using UInt128 = unsigned __int128;

void AppendUnsigned(std::string& out, UInt128 value);
// `value` times 10^-scale. `leading_zero`: a zero before the point when nothing else is there.
void AppendDecimal(std::string& out, Int128 value, int scale, bool leading_zero);
// DuckDB's BIGNUM: three bytes of sign and length, then the digits to base 256, all inverted when
// below zero.
void AppendBigNumber(std::string& out, std::string_view bytes);

}  // namespace caudal::engine
