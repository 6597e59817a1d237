// Integers of PostgreSQL's protocol: big-endian, two's complement.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <type_traits>

namespace caudal::postgres {

// `at` has sizeof(T) bytes.
template <class T>
T LoadBig(const char* at) {
  std::make_unsigned_t<T> bits;
  std::memcpy(&bits, at, sizeof bits);
  if constexpr (std::endian::native == std::endian::little) {
    if constexpr (sizeof(T) == 2) bits = __builtin_bswap16(bits);
    if constexpr (sizeof(T) == 4) bits = __builtin_bswap32(bits);
    if constexpr (sizeof(T) == 8) bits = __builtin_bswap64(bits);
  }
  return static_cast<T>(bits);
}

template <class T>
void StoreBig(char* at, T value) {
  const T big = LoadBig<T>(reinterpret_cast<const char*>(&value));
  std::memcpy(at, &big, sizeof big);
}

}  // namespace caudal::postgres
