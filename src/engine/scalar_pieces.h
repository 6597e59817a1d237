// What every text form of a value is made of, whoever writes it.
#pragma once

#include <array>
#include <charconv>
#include <cstdint>
#include <cstring>
#include <limits>
#include <string>
#include <string_view>

#include "data/arrow.h"

namespace caudal::engine {

// Of an array whose values lie one after the other.
template <class T>
T ValueAt(const ArrowArray& array, int64_t row) {
  T value;
  std::memcpy(&value, static_cast<const char*>(array.buffers[1]) + row * sizeof(T), sizeof value);
  return value;
}

template <class T>
void AppendInteger(std::string& out, T value) {
  std::array<char, 24> digits;
  out.append(digits.data(), std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr);
}

// Dates and timestamps without an end: "infinity", "-infinity". False for all others.
template <class T>
bool AppendInfinity(std::string& out, T value) {
  if (value != std::numeric_limits<T>::max() && value != -std::numeric_limits<T>::max())
    return false;
  out += value < 0 ? "-infinity" : "infinity";
  return true;
}

void AppendUuid(std::string& out, const unsigned char* bytes);  // 16 of them
void AppendBits(std::string& out, std::string_view bytes);      // DuckDB's own form

}  // namespace caudal::engine
