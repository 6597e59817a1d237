#include "checks/rule.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

namespace caudal::checks {
namespace {

Error Wrong(const Rule& rule, std::string_view what) {
  return MakeError(ErrorKind::kInvalid,
                   fmt::format("a rule of kind {} {}", NameOf(rule.kind), what));
}

bool NeedsColumn(RuleKind kind) { return kind != RuleKind::kSql && kind != RuleKind::kComplete; }

// "1, 2, 3 or 5 more".
std::string SomeOf(const std::vector<std::string>& values) {
  constexpr size_t kNamed = 10;
  if (values.size() <= kNamed) return fmt::format("{}", fmt::join(values, ", "));
  return fmt::format("{}, … ({} values)", fmt::join(values.begin(), values.begin() + kNamed, ", "),
                     values.size());
}

// An error names what is given and doesn't belong to the kind.
Result<void> CheckBelongs(const Rule& rule) {
  const auto refuse = [&](bool given, RuleKind kind, std::string_view key) -> Result<void> {
    if (!given || rule.kind == kind) return {};
    return Wrong(rule, fmt::format("has no '{}': that is for {}", key, NameOf(kind)));
  };
  TRY(refuse(!rule.values.empty(), RuleKind::kAcceptedValues, "values"));
  TRY(refuse(rule.min.has_value(), RuleKind::kRange, "min"));
  TRY(refuse(rule.max.has_value(), RuleKind::kRange, "max"));
  TRY(refuse(!rule.pattern.empty(), RuleKind::kPattern, "pattern"));
  TRY(refuse(!rule.sql.empty(), RuleKind::kSql, "sql"));
  TRY(refuse(!rule.of.empty(), RuleKind::kComplete, "of"));
  if (!rule.column.empty() && !NeedsColumn(rule.kind)) return Wrong(rule, "has no 'column'");
  if (rule.nulls_break && (rule.kind == RuleKind::kNotNull || rule.kind == RuleKind::kComplete))
    return Wrong(rule, "has no 'nulls'");
  return {};
}

Result<void> CheckNoNul(const Rule& rule) {
  std::vector<std::string> texts = rule.values;
  for (const std::string* text :
       {&rule.name, &rule.column, &rule.pattern, &rule.sql, &rule.of, &rule.reason})
    texts.push_back(*text);
  texts.push_back(rule.min.value_or(""));
  texts.push_back(rule.max.value_or(""));
  const bool nul = std::ranges::any_of(
      texts, [](const std::string& text) { return text.find('\0') != std::string::npos; });
  return nul ? Wrong(rule, "can't hold a NUL character") : Result<void>();
}

}  // namespace

std::string_view NameOf(RuleKind kind) {
  switch (kind) {
    case RuleKind::kNotNull:
      return "not_null";
    case RuleKind::kUnique:
      return "unique";
    case RuleKind::kAcceptedValues:
      return "accepted_values";
    case RuleKind::kRange:
      return "range";
    case RuleKind::kPattern:
      return "pattern";
    case RuleKind::kSql:
      return "sql";
    case RuleKind::kComplete:
      return "complete";
  }
  return "";
}

std::string_view NameOf(Action action) {
  switch (action) {
    case Action::kFail:
      return "fail";
    case Action::kWarn:
      return "warn";
    case Action::kQuarantine:
      return "quarantine";
  }
  return "";
}

std::string NameOf(const Rule& rule) {
  if (!rule.name.empty()) return rule.name;
  if (rule.column.empty()) return std::string(NameOf(rule.kind));
  return fmt::format("{}_{}", rule.column, NameOf(rule.kind));
}

std::string ReasonOf(const Rule& rule) {
  if (!rule.reason.empty()) return rule.reason;
  switch (rule.kind) {
    case RuleKind::kNotNull:
      return rule.column + " is missing";
    case RuleKind::kUnique:
      return rule.column + " is not unique";
    case RuleKind::kAcceptedValues:
      return fmt::format("{} is none of {}", rule.column, SomeOf(rule.values));
    case RuleKind::kRange:
      if (rule.min && rule.max)
        return fmt::format("{} is not between {} and {}", rule.column, *rule.min, *rule.max);
      return rule.min ? fmt::format("{} is below {}", rule.column, *rule.min)
                      : fmt::format("{} is above {}", rule.column, rule.max.value_or(""));
    case RuleKind::kPattern:
      return fmt::format("{} doesn't match {}", rule.column, rule.pattern);
    case RuleKind::kSql:
      return "not true: " + rule.sql;
    case RuleKind::kComplete:
      return "not as many rows as " + rule.of;
  }
  return "";
}

Result<void> CheckRule(const Rule& rule) {
  TRY(CheckBelongs(rule));
  TRY(CheckNoNul(rule));
  if (NeedsColumn(rule.kind) && rule.column.empty()) return Wrong(rule, "needs a 'column'");
  if (rule.kind == RuleKind::kAcceptedValues && rule.values.empty())
    return Wrong(rule, "needs 'values': a list of those that are accepted");
  if (rule.kind == RuleKind::kRange && !rule.min && !rule.max)
    return Wrong(rule, "needs a 'min', a 'max' or both");
  if (rule.kind == RuleKind::kPattern && rule.pattern.empty())
    return Wrong(rule, "needs a 'pattern': a regular expression for the whole value");
  if (rule.kind == RuleKind::kSql && rule.sql.empty())
    return Wrong(rule, "needs 'sql': an expression that is true for good rows");
  if (rule.kind != RuleKind::kComplete) return {};
  if (rule.of.empty()) return Wrong(rule, "needs 'of': the table that it has the rows of");
  if (rule.action == Action::kQuarantine)
    return Wrong(rule, "can't quarantine: it judges the table, no row of it");
  return {};
}

}  // namespace caudal::checks
