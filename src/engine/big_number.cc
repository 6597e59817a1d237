#include "engine/big_number.h"

#include <algorithm>
#include <cstdint>
#include <vector>

namespace caudal::engine {

void AppendUnsigned(std::string& out, UInt128 value) {
  std::string digits;
  do {
    digits += static_cast<char>('0' + static_cast<int>(value % 10));
    value /= 10;
  } while (value != 0);
  out.append(digits.rbegin(), digits.rend());
}

void AppendDecimal(std::string& out, Int128 value, int scale, bool leading_zero) {
  const auto magnitude =
      value < 0 ? UInt128{0} - static_cast<UInt128>(value) : static_cast<UInt128>(value);
  std::string digits;
  AppendUnsigned(digits, magnitude);
  const auto places = static_cast<size_t>(std::max(scale, 0));
  const size_t least = places + (leading_zero ? 1 : 0);
  if (digits.size() < least) digits.insert(0, least - digits.size(), '0');
  if (places > 0) digits.insert(digits.size() - places, ".");
  if (value < 0) out += '-';
  out += digits;
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
