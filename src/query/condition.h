// What a WHERE says of one table's columns, as far as it is simple: enough to leave files out,
// never more than it says.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "data/schema.h"
#include "data/value.h"
#include "query/analysis.h"
#include "query/query.h"

namespace caudal::query {

// A value in the SQL, or a parameter's.
struct Literal {
  enum class Kind : uint8_t { kNumber, kReal, kText, kBoolean, kTime };
  Kind kind = Kind::kText;
  Int128 number = 0;     // kNumber without its scale; kTime in microseconds; kBoolean 0 or 1
  int scale = 0;         // of kNumber
  double real = 0;       // kReal
  std::string text;      // kText
  bool written = false;  // kText that stands in the SQL: it may mean a date
};

// May be true of a row, or can't be. What isn't understood is true.
struct Condition {
  enum class Kind : uint8_t {
    kTrue,
    kAnd,
    kOr,
    kEqual,  // to one of the values
    kLess,
    kLessOrEqual,
    kGreater,
    kGreaterOrEqual,
    kIsNull,
    kIsNotNull,
  };
  Kind kind = Kind::kTrue;
  std::vector<Condition> parts;  // of kAnd, kOr
  int32_t field_id = 0;          // a column that isn't nested, of the table's schema
  Type type{TypeKind::kUnknown};
  std::vector<Literal> values;

  bool always() const { return kind == Kind::kTrue; }
};

// For the use of a table: `schemas` are those that the analysis' tables are read by, in its order.
Condition ConditionOf(const Analysis& analysis, size_t table, std::span<const Schema> schemas,
                      const std::vector<Parameter>& parameters);

// The literal as a value of the type when it is one, exactly: else nothing. Not for float and
// double.
std::optional<Value> ValueOf(const Literal& literal, const Type& type);
// For float and double.
std::optional<double> RealOf(const Literal& literal);

}  // namespace caudal::query
