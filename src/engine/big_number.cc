#include "engine/big_number.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <vector>

namespace caudal::engine {

namespace {

// Written to the end of `text`; where it begins.
char* PutWide(std::array<char, 48>& text, UInt128 value) {
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

}  // namespace

void AppendUnsigned(std::string& out, UInt128 value) {
  std::array<char, 48> text;
  const char* const at = PutWide(text, value);
  out.append(at, static_cast<size_t>(text.data() + text.size() - at));
}

void AppendDecimal(std::string& out, Int128 value, int scale, bool leading_zero) {
  if (value < 0) out += '-';
  std::array<char, 48> text;
  char* at = PutWide(
      text, value < 0 ? UInt128{0} - static_cast<UInt128>(value) : static_cast<UInt128>(value));
  char* const point = text.data() + text.size() - std::max(scale, 0);
  // DuckDB writes 0.05 as .05 where the type has no digit before the point.
  char* const first = leading_zero && scale > 0 ? point - 1 : point;
  while (at > first) *--at = '0';
  out.append(at, point);
  if (scale <= 0) return;
  out += '.';
  out.append(point, static_cast<size_t>(scale));
}

void AppendBigNumber(std::string& out, std::string_view bytes) {
  constexpr size_t kHeader = 3;
  if (bytes.size() <= kHeader) return;
  const bool negative = (static_cast<unsigned char>(bytes[0]) & 0x80) == 0;
  // To base 10^9, the lowest first.
  constexpr uint64_t kBase = 1'000'000'000;
  std::vector<uint32_t> digits = {0};
  for (const char c : bytes.substr(kHeader)) {
    uint64_t carry = static_cast<unsigned char>(negative ? ~c : c);
    for (uint32_t& digit : digits) {
      carry += static_cast<uint64_t>(digit) << 8;
      digit = static_cast<uint32_t>(carry % kBase);
      carry /= kBase;
    }
    if (carry != 0) digits.push_back(static_cast<uint32_t>(carry));
  }
  if (negative) out += '-';
  out += std::to_string(digits.back());
  for (size_t i = digits.size() - 1; i-- > 0;) {
    const std::string part = std::to_string(digits[i]);
    out.append(9 - part.size(), '0') += part;
  }
}

}  // namespace caudal::engine
