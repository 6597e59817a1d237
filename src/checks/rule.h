// What a table must be like: a rule as a value.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace caudal::checks {

enum class RuleKind : uint8_t {
  kNotNull,         // the column has a value
  kUnique,          // no two rows have the same value; where they do, all of them break the rule
  kAcceptedValues,  // the value is one of `values`
  kRange,           // min <= value <= max; for numbers, dates and times; NaN is outside of any
  kPattern,         // the whole value, as text, matches the regular expression (RE2's syntax)
  kSql,             // `sql`, a boolean expression over the row, isn't false
  kComplete,        // the table has as many rows as the table `of`: none was lost or doubled
};
std::string_view NameOf(RuleKind kind);  // "not_null"…

enum class Action : uint8_t {
  kFail,        // the run fails, and nothing of it appears
  kWarn,        // the report says so
  kQuarantine,  // the rows leave the table for its quarantine, with the reason beside each
};
std::string_view NameOf(Action action);  // "fail", "warn", "quarantine"

// A row without a value (NULL; for kSql, an expression that gives NULL) breaks kNotNull only,
// unless `nulls_break`.
struct Rule {
  std::string name;  // what `_rule` and the report call it; empty: column and kind
  RuleKind kind = RuleKind::kNotNull;
  Action action = Action::kFail;
  std::string column;  // of all kinds but kSql and kComplete
  std::vector<std::string> values;
  std::optional<std::string> min;
  std::optional<std::string> max;
  std::string pattern;
  std::string sql;
  std::string of;
  bool nulls_break = false;
  std::string reason;  // for people; empty: made from the rest

  bool operator==(const Rule&) const = default;
};

std::string NameOf(const Rule& rule);
std::string ReasonOf(const Rule& rule);

// kInvalid: what is missing or doesn't belong to the kind.
Result<void> CheckRule(const Rule& rule);

}  // namespace caudal::checks
