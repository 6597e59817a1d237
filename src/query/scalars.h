// Scalars as the text that docs/formats/query-results.md gives them. Internal to query.
#pragma once

#include <cstdint>
#include <string>

#include "engine/scalar_pieces.h"
#include "engine/time_text.h"

namespace caudal::query {

using engine::AppendInteger;
using engine::ValueAt;

// The shortest text that reads back the same, always with a point or an exponent. Without quotes:
// NaN, Infinity, -Infinity.
void AppendFloat(std::string& out, float value);
void AppendFloat(std::string& out, double value);

// ISO 8601; years outside of 0…9999 have a sign. Without an end: infinity, -infinity.
void AppendDate(std::string& out, int32_t days);
// `units` since midnight, of 10^-digits seconds; all the digits are written.
void AppendTime(std::string& out, int64_t units, int digits);
void AppendTimestamp(std::string& out, int64_t units, int digits, bool zone);
void AppendTimeWithZone(std::string& out, uint64_t bits);  // DuckDB's own form
// {"months":14,"days":-3,"micros":"14400000000"}
void AppendIntervalObject(std::string& out, const engine::Interval& interval);

}  // namespace caudal::query
