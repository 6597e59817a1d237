#include "data/utf8.h"

#include <cstdint>
#include <cstring>

namespace caudal {

bool IsValidUtf8(std::string_view text) {
  size_t i = 0;
  const auto continuation = [&](size_t at, unsigned char low = 0x80, unsigned char high = 0xbf) {
    if (at >= text.size()) return false;
    const auto c = static_cast<unsigned char>(text[at]);
    return c >= low && c <= high;
  };
  while (i < text.size()) {
    // Most text is ASCII: eight bytes at once, none of which has its highest bit set.
    for (uint64_t eight = 0; text.size() - i >= sizeof eight; i += sizeof eight) {
      std::memcpy(&eight, text.data() + i, sizeof eight);
      if ((eight & 0x8080'8080'8080'8080) != 0) break;
    }
    if (i == text.size()) break;
    const auto c = static_cast<unsigned char>(text[i]);
    if (c < 0x80) {
      i += 1;
    } else if (c >= 0xc2 && c <= 0xdf) {
      if (!continuation(i + 1)) return false;
      i += 2;
    } else if (c >= 0xe0 && c <= 0xef) {
      const unsigned char low = c == 0xe0 ? 0xa0 : 0x80;
      const unsigned char high = c == 0xed ? 0x9f : 0xbf;
      if (!continuation(i + 1, low, high) || !continuation(i + 2)) return false;
      i += 3;
    } else if (c >= 0xf0 && c <= 0xf4) {
      const unsigned char low = c == 0xf0 ? 0x90 : 0x80;
      const unsigned char high = c == 0xf4 ? 0x8f : 0xbf;
      if (!continuation(i + 1, low, high) || !continuation(i + 2) || !continuation(i + 3))
        return false;
      i += 4;
    } else {
      return false;
    }
  }
  return true;
}

}  // namespace caudal
