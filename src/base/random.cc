#include "base/random.h"

#include <sys/random.h>

#include <cerrno>
#include <vector>

#include "base/error.h"

namespace caudal {
namespace {

class KernelRandom final : public Random {
 public:
  void Fill(std::span<std::byte> out) override {
    while (!out.empty()) {
      ssize_t n = getrandom(out.data(), out.size(), 0);
      if (n < 0) {
        CAUDAL_CHECK(errno == EINTR, "getrandom failed");
        continue;
      }
      out = out.subspan(static_cast<size_t>(n));
    }
  }
};

}  // namespace

uint64_t Random::U64() {
  uint64_t value = 0;
  Fill(std::as_writable_bytes(std::span(&value, 1)));
  return value;
}

uint64_t Random::Below(uint64_t bound) {
  CAUDAL_CHECK(bound > 0, "Below(0)");
  const uint64_t limit = UINT64_MAX - UINT64_MAX % bound;
  uint64_t value = U64();
  while (value >= limit) value = U64();
  return value % bound;
}

std::string Random::Hex(size_t bytes) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::vector<std::byte> raw(bytes);
  Fill(raw);
  std::string text;
  text.reserve(bytes * 2);
  for (std::byte b : raw) {
    text.push_back(kDigits[std::to_integer<unsigned>(b) >> 4]);
    text.push_back(kDigits[std::to_integer<unsigned>(b) & 15]);
  }
  return text;
}

void SeededRandom::Fill(std::span<std::byte> out) {
  for (std::byte& b : out) b = static_cast<std::byte>(engine_() & 0xff);
}

Random& SystemRandom() {
  static KernelRandom random;
  return random;
}

}  // namespace caudal
