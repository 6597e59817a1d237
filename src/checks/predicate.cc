#include "checks/predicate.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <string_view>
#include <vector>

#include "engine/quoting.h"

namespace caudal::checks {
namespace {

using engine::QuoteName;
using engine::QuoteText;

constexpr auto kNumbers = std::to_array<std::string_view>(
    {"TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "UTINYINT", "USMALLINT", "UINTEGER",
     "UBIGINT", "UHUGEINT", "FLOAT", "DOUBLE", "BIGNUM"});

bool SameName(std::string_view a, std::string_view b) {
  return std::ranges::equal(
      a, b, [](unsigned char x, unsigned char y) { return std::tolower(x) == std::tolower(y); });
}

bool IsNumeric(const std::string& type) {
  return type.starts_with("DECIMAL") || std::ranges::find(kNumbers, type) != kNumbers.end();
}

bool IsText(const std::string& type) { return type == "VARCHAR" || type.starts_with("ENUM"); }

size_t SkipDigits(std::string_view text, size_t at) {
  while (at < text.size() && text[at] >= '0' && text[at] <= '9') ++at;
  return at;
}

// An optional sign, digits with or without a point, an optional exponent.
bool IsNumber(std::string_view text) {
  size_t at = !text.empty() && (text[0] == '-' || text[0] == '+') ? 1 : 0;
  const size_t whole = SkipDigits(text, at);
  if (whole == at) return false;
  at = whole;
  if (at < text.size() && text[at] == '.') at = SkipDigits(text, at + 1);
  if (at < text.size() && (text[at] == 'e' || text[at] == 'E')) {
    ++at;
    if (at < text.size() && (text[at] == '-' || text[at] == '+')) ++at;
    const size_t end = SkipDigits(text, at);
    if (end == at) return false;
    at = end;
  }
  return at == text.size();
}

// As a literal that DuckDB compares with the column's own values. Numbers stay numbers: as text
// they would be rounded to the column's scale first.
std::string Literal(const engine::Column& column, const std::string& value) {
  return IsNumeric(column.type) && IsNumber(value) ? value : QuoteText(value);
}

std::string RangeOf(const Rule& rule, const engine::Column& column) {
  const std::string name = QuoteName(column.name);
  std::vector<std::string> parts;
  if (rule.min) parts.push_back(fmt::format("{} >= {}", name, Literal(column, *rule.min)));
  if (rule.max) parts.push_back(fmt::format("{} <= {}", name, Literal(column, *rule.max)));
  if (column.type == "DOUBLE" || column.type == "FLOAT")
    parts.push_back(fmt::format("NOT isnan({})", name));
  return fmt::format("{}", fmt::join(parts, " AND "));
}

std::string ValuesOf(const Rule& rule, const engine::Column& column) {
  std::vector<std::string> literals;
  literals.reserve(rule.values.size());
  for (const std::string& value : rule.values) literals.push_back(Literal(column, value));
  return fmt::format("{} IN ({})", QuoteName(column.name), fmt::join(literals, ", "));
}

// Whether a row keeps the rule; NULL where there is no value.
Result<std::string> Kept(const Rule& rule, const engine::Column& column,
                         const std::string& duplicates) {
  const std::string name = QuoteName(column.name);
  switch (rule.kind) {
    case RuleKind::kUnique:
      // NULL NOT IN (nothing) is true.
      return fmt::format("CASE WHEN {} IS NOT NULL THEN {} NOT IN (SELECT value FROM {}) END", name,
                         name, QuoteName(duplicates));
    case RuleKind::kAcceptedValues:
      return ValuesOf(rule, column);
    case RuleKind::kRange:
      if (IsText(column.type))
        return MakeError(ErrorKind::kInvalid,
                         fmt::format("'{}' is text, and a range is of numbers, dates or times; "
                                     "make it one in the SQL (TRY_CAST)",
                                     column.name));
      return RangeOf(rule, column);
    case RuleKind::kPattern: {
      const std::string text =
          column.type == "VARCHAR" ? name : fmt::format("CAST({} AS VARCHAR)", name);
      return fmt::format("regexp_full_match({}, {})", text, QuoteText(rule.pattern));
    }
    default:
      return MakeError(ErrorKind::kInternal, "a rule without a column");
  }
}

}  // namespace

Result<engine::Column> FindColumn(std::span<const engine::Column> columns,
                                  const std::string& name) {
  std::string known;
  for (const engine::Column& column : columns) {
    if (SameName(column.name, name)) return column;
    known += (known.empty() ? "" : ", ") + column.name;
  }
  return MakeError(ErrorKind::kInvalid,
                   fmt::format("there is no column '{}'; there are: {}", name, known));
}

Result<std::string> Violation(const Rule& rule, std::span<const engine::Column> columns,
                              const std::string& duplicates) {
  TRY(CheckRule(rule));
  std::string kept;
  if (rule.kind == RuleKind::kSql) {
    // On lines of its own: it may end in a comment.
    kept = fmt::format("CAST((\n{}\n) AS BOOLEAN)", rule.sql);
  } else {
    const engine::Column column = TRY(FindColumn(columns, rule.column));
    if (rule.kind == RuleKind::kNotNull) return QuoteName(column.name) + " IS NULL";
    kept = TRY(Kept(rule, column, duplicates));
  }
  return fmt::format("NOT coalesce({}, {})", kept, rule.nulls_break ? "false" : "true");
}

}  // namespace caudal::checks
