#include "engine/scalar_pieces.h"

namespace caudal::engine {

void AppendUuid(std::string& out, const unsigned char* bytes) {
  constexpr std::string_view kHex = "0123456789abcdef";
  std::array<char, 36> text;
  char* at = text.data();
  for (int i = 0; i < 16; ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) *at++ = '-';
    *at++ = kHex[bytes[i] >> 4];
    *at++ = kHex[bytes[i] & 15];
  }
  out.append(text.data(), text.size());
}

// How many bits of the first byte are padding, then the bits.
void AppendBits(std::string& out, std::string_view bytes) {
  if (bytes.size() < 2) return;
  const auto padding = static_cast<size_t>(static_cast<uint8_t>(bytes[0]));
  for (size_t i = 8 + padding; i < bytes.size() * 8; ++i)
    out += (static_cast<uint8_t>(bytes[i / 8]) >> (7 - i % 8) & 1) != 0 ? '1' : '0';
}

}  // namespace caudal::engine
