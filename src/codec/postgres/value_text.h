// The readers of texts by family, behind AppendText. Each appends a value and gives kExact, or
// leaves the column for AppendText to put right: what it got in its children may remain.
#pragma once

#include <cstdint>
#include <limits>
#include <string_view>

#include "codec/postgres/value_form.h"
#include "data/value.h"

namespace caudal::postgres {

// value_text_numbers.cc
Held ReadInteger(ColumnBuilder& column, Syntax syntax, std::string_view text);
Held ReadFloat(ColumnBuilder& column, std::string_view text);
Held ReadDouble(ColumnBuilder& column, std::string_view text);
Held ReadNumeric(ColumnBuilder& column, std::string_view text);

// value_text_times.cc
Held ReadDate(ColumnBuilder& column, std::string_view text);
Held ReadTime(ColumnBuilder& column, std::string_view text);
Held ReadTimestamp(ColumnBuilder& column, std::string_view text, bool with_zone);
Held ReadInterval(ColumnBuilder& column, std::string_view text);

// value_text_nested.cc
Held ReadArray(ColumnBuilder& column, const ValueForm& form, std::string_view text);
Held ReadComposite(ColumnBuilder& column, const ValueForm& form, std::string_view text);
Held ReadHstore(ColumnBuilder& column, std::string_view text);

// What texts and binary forms have in common.

// Dates and timestamps of the years from 1 on; what is before is unrepresentable, as few of those
// who read Iceberg tables can tell it.
inline constexpr int64_t kDaysMin = -719'162;
inline constexpr int64_t kMicrosOfDay = 86'400'000'000;
inline constexpr int64_t kMicrosMin = kDaysMin * kMicrosOfDay;

Held AppendInterval(ColumnBuilder& column, int32_t months, int32_t days, int64_t micros);

}  // namespace caudal::postgres
