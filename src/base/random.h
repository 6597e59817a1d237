// Randomness as a parameter: the system's for ids and secrets, a seeded one for tests.
#pragma once

#include <cstddef>
#include <cstdint>
#include <random>
#include <span>
#include <string>

namespace caudal {

// Thread-safe unless an implementation says otherwise.
class Random {
 public:
  virtual ~Random() = default;
  virtual void Fill(std::span<std::byte> out) = 0;

  uint64_t U64();
  // Uniform in [0, bound); bound > 0.
  uint64_t Below(uint64_t bound);
  // 2 * bytes lower-case hexadecimal digits.
  std::string Hex(size_t bytes);
};

// From the kernel; fit for secrets.
Random& SystemRandom();

// Repeatable; not fit for secrets; not thread-safe.
class SeededRandom final : public Random {
 public:
  explicit SeededRandom(uint64_t seed) : engine_(seed) {}
  void Fill(std::span<std::byte> out) override;

 private:
  std::mt19937_64 engine_;
};

}  // namespace caudal
