// Dates, times and intervals as DuckDB writes them.
#pragma once

#include <cstdint>
#include <string>

namespace caudal::engine {

struct Interval {
  int32_t months;
  int32_t days;
  int64_t nanoseconds;
};

void AppendDate(std::string& out, int32_t days);  // since 1970
// Since midnight, in units of 10^-digits seconds.
void AppendTime(std::string& out, int64_t time, int digits);
void AppendTimeWithZone(std::string& out, uint64_t bits);  // DuckDB's own form
// `unit`: Arrow's s, m, u or n. With a zone it is in UTC, and says so.
void AppendTimestamp(std::string& out, int64_t time, char unit, bool zone);
void AppendInterval(std::string& out, const Interval& interval);

}  // namespace caudal::engine
