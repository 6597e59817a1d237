// Scalars as the text that docs/formats/query-results.md gives them. Internal to query.
#pragma once

#include <array>
#include <charconv>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

#include "data/arrow.h"
#include "engine/big_number.h"
#include "engine/time_text.h"

namespace caudal::query {

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

// The shortest text that reads back the same, always with a point or an exponent. Without quotes:
// NaN, Infinity, -Infinity.
void AppendFloat(std::string& out, float value);
void AppendFloat(std::string& out, double value);

// `value` times 10^-scale, with all its places and a digit before the point.
void AppendDecimal(std::string& out, engine::Int128 value, int scale);
void AppendUnsigned(std::string& out, engine::UInt128 value);

// ISO 8601; years outside of 0…9999 have a sign. Without an end: infinity, -infinity.
void AppendDate(std::string& out, int32_t days);
// `units` since midnight, of 10^-digits seconds; all the digits are written.
void AppendTime(std::string& out, int64_t units, int digits);
void AppendTimestamp(std::string& out, int64_t units, int digits, bool zone);
void AppendTimeWithZone(std::string& out, uint64_t bits);  // DuckDB's own form
// {"months":14,"days":-3,"micros":"14400000000"}
void AppendIntervalObject(std::string& out, const engine::Interval& interval);

void AppendBase64(std::string& out, std::string_view bytes);
void AppendUuid(std::string& out, const unsigned char* bytes);
void AppendBits(std::string& out, std::string_view bytes);  // DuckDB's own form

}  // namespace caudal::query
