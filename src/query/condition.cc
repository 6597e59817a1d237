#include "query/condition.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "data/lower_case.h"
#include "data/timestamp.h"
#include "query/tree.h"

namespace caudal::query {
namespace {

using Kind = Condition::Kind;

constexpr int64_t kDayMicros = 86'400'000'000;

const Json& Part(const Json& object, const char* key) {
  static const Json none;
  const auto found = object.find(key);
  return found == object.end() ? none : *found;
}

bool AreDigits(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

// "2020-01-31", "2020-01-31 10:00:00.25", with 'T' or 'Z': what every reader reads alike.
std::optional<int64_t> MicrosOf(std::string_view text) {
  std::string plain(text);
  if (plain.size() > 10 && plain[10] == ' ') plain[10] = 'T';
  const bool is_date = plain.size() == 10;
  if (!is_date && !plain.ends_with('Z')) plain += 'Z';
  if (!is_date) {
    // "2020-01-31T10:00:00Z" at least.
    if (plain.size() < 20 || plain.size() > 27 || plain[13] != ':' || plain[16] != ':') return {};
    const std::string_view fraction = std::string_view(plain).substr(19, plain.size() - 20);
    if (!fraction.empty() && (fraction[0] != '.' || !AreDigits(fraction.substr(1)))) return {};
  }
  if (!AreDigits(plain.substr(0, 4))) return {};
  const Result<Micros> parsed = ParseRfc3339(plain);
  if (!parsed.ok()) return {};
  return *parsed;
}

Literal Number(Int128 number, int scale) {
  Literal literal;
  literal.kind = Literal::Kind::kNumber;
  literal.number = number;
  literal.scale = scale;
  return literal;
}

Literal Boolean(bool value) {
  Literal literal;
  literal.kind = Literal::Kind::kBoolean;
  literal.number = value ? 1 : 0;
  return literal;
}

Literal TextLiteral(std::string text, bool written) {
  Literal literal;
  literal.text = std::move(text);
  literal.written = written;
  return literal;
}

std::optional<Literal> ConstantOf(const Json& value) {
  const Json& held = Part(value, "value");
  if (Part(value, "is_null") != Json(false)) return {};
  const Json& type = Part(value, "type");
  const std::string id = Text(type, "id");
  if (id == "VARCHAR" && held.is_string()) return TextLiteral(held.get<std::string>(), true);
  if (id == "BOOLEAN" && held.is_boolean()) return Boolean(held.get<bool>());
  if ((id == "INTEGER" || id == "BIGINT") && held.is_number_integer())
    return Number(held.get<int64_t>(), 0);
  if (id == "DECIMAL" && held.is_number_integer()) {
    const Json& scale = Part(Part(type, "type_info"), "scale");
    if (!scale.is_number_integer()) return {};
    return Number(held.get<int64_t>(), scale.get<int>());
  }
  if (id == "DOUBLE" && held.is_number()) {
    Literal literal;
    literal.kind = Literal::Kind::kReal;
    literal.real = held.get<double>();
    return literal;
  }
  return {};
}

// DATE '…', TIMESTAMP '…', TRUE: casts of texts.
std::optional<Literal> CastOf(const Json& cast) {
  const Json& child = Part(cast, "child");
  if (Text(child, "class") != "CONSTANT" || Part(cast, "try_cast") != Json(false)) return {};
  const std::optional<Literal> literal = ConstantOf(Part(child, "value"));
  if (!literal || literal->kind != Literal::Kind::kText) return {};
  const std::string id = Text(Part(cast, "cast_type"), "id");
  if (id == "BOOLEAN" && (literal->text == "t" || literal->text == "f"))
    return Boolean(literal->text == "t");
  if (id != "DATE" && id != "TIMESTAMP" && id != "TIMESTAMP WITH TIME ZONE") return {};
  const std::optional<int64_t> micros = MicrosOf(literal->text);
  if (!micros || (id == "DATE" && *micros % kDayMicros != 0)) return {};
  Literal time = Number(*micros, 0);
  time.kind = Literal::Kind::kTime;
  return time;
}

std::optional<Literal> ParameterOf(const std::string& name,
                                   const std::vector<Parameter>& parameters) {
  for (const Parameter& parameter : parameters) {
    if (LowerCase(parameter.name) != LowerCase(name)) continue;
    if (const auto* integer = std::get_if<int64_t>(&parameter.value)) return Number(*integer, 0);
    if (const auto* boolean = std::get_if<bool>(&parameter.value)) return Boolean(*boolean);
    if (const auto* text = std::get_if<std::string>(&parameter.value))
      return TextLiteral(*text, false);
    if (const auto* real = std::get_if<double>(&parameter.value)) {
      Literal literal;
      literal.kind = Literal::Kind::kReal;
      literal.real = *real;
      return literal;
    }
    return {};
  }
  return {};
}

// Reads a WHERE for one table of its scope.
class Reader {
 public:
  Reader(const Analysis& analysis, size_t table, std::span<const Schema> schemas,
         const std::vector<Parameter>& parameters)
      : scope_(analysis.scopes[analysis.tables[table].scope]),
        own_(scope_.sources[analysis.tables[table].source]),
        schema_(schemas[table]),
        schemas_(schemas),
        parameters_(parameters) {}

  Condition Read() const {
    if (scope_.where == nullptr || !own_.plain) return {};
    return Read(*scope_.where, 0);
  }

 private:
  Condition Read(const Json& expression, int depth) const;
  Condition Comparison(const Json& expression) const;
  Condition Between(const Json& expression) const;
  Condition Operator(const Json& expression) const;
  Condition Simple(Kind kind, const Json& column, std::vector<Literal> values) const;
  const Field* Column(const Json& expression) const;
  std::optional<Literal> Constant(const Json& expression) const;
  // Null when none or several columns have the name.
  static const Field* Find(const Schema& schema, const std::string& name);

  const Scope& scope_;
  const Source& own_;
  const Schema& schema_;
  const std::span<const Schema> schemas_;
  const std::vector<Parameter>& parameters_;
};

const Field* Reader::Find(const Schema& schema, const std::string& name) {
  const Field* found = nullptr;
  for (const Field& field : schema.fields()) {
    if (LowerCase(field.name) != LowerCase(name)) continue;
    if (found != nullptr) return nullptr;
    found = &field;
  }
  return found;
}

const Field* Reader::Column(const Json& expression) const {
  if (Text(expression, "class") != "COLUMN_REF") return nullptr;
  const Json& names = Part(expression, "column_names");
  if (!names.is_array() || names.empty() || names.size() > 2) return nullptr;
  for (const Json& name : names)
    if (!name.is_string()) return nullptr;
  const std::string column = names.back().get<std::string>();
  if (names.size() == 2) {
    const std::string alias = LowerCase(names[0].get<std::string>());
    const auto same = [&](const Source& source) { return source.alias == alias; };
    if (own_.alias != alias || std::ranges::count_if(scope_.sources, same) != 1) return nullptr;
    return Find(schema_, column);
  }
  // It may be another's, or a name that SELECT gives.
  if (std::ranges::count(scope_.aliases, LowerCase(column)) > 0) return nullptr;
  for (const Source& source : scope_.sources) {
    if (&source == &own_) continue;
    if (!source.table) return nullptr;
    for (const Field& field : schemas_[*source.table].fields())
      if (LowerCase(field.name) == LowerCase(column)) return nullptr;
    if (!source.plain) return nullptr;
  }
  return Find(schema_, column);
}

std::optional<Literal> Reader::Constant(const Json& expression) const {
  const std::string kind = Text(expression, "class");
  if (kind == "CONSTANT") return ConstantOf(Part(expression, "value"));
  if (kind == "CAST") return CastOf(expression);
  if (kind == "PARAMETER") return ParameterOf(Text(expression, "identifier"), parameters_);
  return {};
}

Condition Reader::Simple(Kind kind, const Json& column, std::vector<Literal> values) const {
  const Field* field = Column(column);
  if (field == nullptr || field->type.nested()) return {};
  return Condition{kind, {}, field->id, field->type, std::move(values)};
}

Condition Reader::Comparison(const Json& expression) const {
  struct Named {
    std::string_view name;
    Kind kind;
    Kind turned;  // with the sides exchanged
  };
  static constexpr auto kNamed = std::to_array<Named>({
      {"COMPARE_EQUAL", Kind::kEqual, Kind::kEqual},
      {"COMPARE_LESSTHAN", Kind::kLess, Kind::kGreater},
      {"COMPARE_LESSTHANOREQUALTO", Kind::kLessOrEqual, Kind::kGreaterOrEqual},
      {"COMPARE_GREATERTHAN", Kind::kGreater, Kind::kLess},
      {"COMPARE_GREATERTHANOREQUALTO", Kind::kGreaterOrEqual, Kind::kLessOrEqual},
  });
  const std::string type = Text(expression, "type");
  const auto named = std::ranges::find(kNamed, type, &Named::name);
  if (named == kNamed.end()) return {};
  const Json& left = Part(expression, "left");
  const Json& right = Part(expression, "right");
  if (const std::optional<Literal> value = Constant(right))
    return Simple(named->kind, left, {*value});
  if (const std::optional<Literal> value = Constant(left))
    return Simple(named->turned, right, {*value});
  return {};
}

Condition Reader::Between(const Json& expression) const {
  if (Text(expression, "type") != "COMPARE_BETWEEN") return {};
  const Json& input = Part(expression, "input");
  const std::optional<Literal> lower = Constant(Part(expression, "lower"));
  const std::optional<Literal> upper = Constant(Part(expression, "upper"));
  // The three are compared as one type, which each has its say in.
  if (!lower || !upper || lower->kind != upper->kind) return {};
  Condition both{Kind::kAnd, {}, 0, Type(TypeKind::kUnknown), {}};
  both.parts.push_back(Simple(Kind::kGreaterOrEqual, input, {*lower}));
  both.parts.push_back(Simple(Kind::kLessOrEqual, input, {*upper}));
  return both;
}

Condition Reader::Operator(const Json& expression) const {
  const std::string type = Text(expression, "type");
  const Json& children = Part(expression, "children");
  if (!children.is_array() || children.empty()) return {};
  // Where an outer join puts nulls, a row that is left out makes one.
  if (type == "OPERATOR_IS_NULL" && !own_.nullable) return Simple(Kind::kIsNull, children[0], {});
  if (type == "OPERATOR_IS_NOT_NULL") return Simple(Kind::kIsNotNull, children[0], {});
  if (type != "COMPARE_IN") return {};
  std::vector<Literal> values;
  for (size_t i = 1; i < children.size(); ++i) {
    const std::optional<Literal> value = Constant(children[i]);
    if (!value) return {};
    values.push_back(*value);
  }
  // Of several types, all are compared as one of them.
  const auto other = [&](const Literal& value) {
    return value.kind != values[0].kind || value.scale != values[0].scale;
  };
  if (values.empty() || std::ranges::any_of(values, other)) return {};
  return Simple(Kind::kEqual, children[0], std::move(values));
}

Condition Reader::Read(const Json& expression, int depth) const {
  if (depth > 100) return {};
  const std::string kind = Text(expression, "class");
  if (kind == "COMPARISON") return Comparison(expression);
  if (kind == "BETWEEN") return Between(expression);
  if (kind == "OPERATOR") return Operator(expression);
  if (kind != "CONJUNCTION") return {};
  const bool is_and = Text(expression, "type") == "CONJUNCTION_AND";
  if (!is_and && Text(expression, "type") != "CONJUNCTION_OR") return {};
  Condition all{is_and ? Kind::kAnd : Kind::kOr, {}, 0, Type(TypeKind::kUnknown), {}};
  for (const Json& child : Part(expression, "children")) {
    Condition part = Read(child, depth + 1);
    if (part.always() && !is_and) return {};
    if (!part.always()) all.parts.push_back(std::move(part));
  }
  if (all.parts.empty()) return {};
  return all;
}

std::optional<Value> DecimalOf(const Literal& literal, const Type& type) {
  // Wider ones may be compared as floating-point numbers.
  constexpr int kDigitsMax = 18;
  if (type.precision() > kDigitsMax || literal.scale > type.scale()) return {};
  const Int128 number = literal.number * PowerOfTen(type.scale() - literal.scale);
  if (number >= PowerOfTen(kDigitsMax) || number <= -PowerOfTen(kDigitsMax)) return {};
  return Value(number);
}

std::optional<Value> TimeOf(const Literal& literal, const Type& type) {
  int64_t micros = static_cast<int64_t>(literal.number);
  if (literal.kind == Literal::Kind::kText) {
    const std::optional<int64_t> read = literal.written ? MicrosOf(literal.text) : std::nullopt;
    // A text is read as the column's type: a time of day would be cut from a date, or be an error.
    if (!read) return {};
    micros = *read;
  } else if (literal.kind != Literal::Kind::kTime) {
    return {};
  }
  if (!type.Is(TypeKind::kDate)) return Value(micros);
  if (micros % kDayMicros != 0) return {};
  return Value(static_cast<int32_t>(micros / kDayMicros));
}

}  // namespace

Condition ConditionOf(const Analysis& analysis, size_t table, std::span<const Schema> schemas,
                      const std::vector<Parameter>& parameters) {
  return Reader(analysis, table, schemas, parameters).Read();
}

std::optional<Value> ValueOf(const Literal& literal, const Type& type) {
  const bool whole = literal.kind == Literal::Kind::kNumber && literal.scale == 0;
  switch (type.kind()) {
    case TypeKind::kBoolean:
      if (literal.kind != Literal::Kind::kBoolean) return {};
      return Value(literal.number != 0);
    case TypeKind::kInt:
      if (!whole || literal.number != static_cast<int32_t>(literal.number)) return {};
      return Value(static_cast<int32_t>(literal.number));
    case TypeKind::kLong:
      if (!whole) return {};
      return Value(static_cast<int64_t>(literal.number));
    case TypeKind::kDecimal:
      if (literal.kind != Literal::Kind::kNumber) return {};
      return DecimalOf(literal, type);
    case TypeKind::kDate:
    case TypeKind::kTimestamp:
    case TypeKind::kTimestampTz:
      return TimeOf(literal, type);
    case TypeKind::kString:
      if (literal.kind != Literal::Kind::kText) return {};
      return Value(literal.text);
    default:
      return {};
  }
}

std::optional<double> RealOf(const Literal& literal) {
  double real = literal.real;
  if (literal.kind == Literal::Kind::kNumber) {
    real = static_cast<double>(literal.number) / std::pow(10.0, literal.scale);
  } else if (literal.kind != Literal::Kind::kReal) {
    return {};
  }
  if (!std::isfinite(real)) return {};
  return real;
}

}  // namespace caudal::query
