#include "query/column_sql.h"

#include <fmt/format.h>

#include <cmath>

#include "data/distinct_names.h"
#include "data/json.h"
#include "engine/quoting.h"
#include "lake/format/bounds.h"

namespace caudal::query {
namespace {

using engine::QuoteName;
using engine::QuoteText;
using Kind = FileColumn::Kind;

Error Unsupported(const Field& field, std::string_view why) {
  return MakeError(ErrorKind::kUnsupported, fmt::format("the column '{}' {}", field.name, why));
}

std::string Hex(std::string_view bytes) {
  std::string hex;
  for (const char c : bytes) hex += fmt::format("{:02X}", static_cast<unsigned char>(c));
  return hex;
}

std::string RealText(double real) {
  if (std::isnan(real)) return "nan";
  if (std::isinf(real)) return real < 0 ? "-inf" : "inf";
  return fmt::format("{}", real);
}

// Whether DuckDB reads the column as the type, but for the width of numbers.
bool SameShape(const FileColumn& column, const Type& type) {
  const bool bytes = type.Is(TypeKind::kBinary) || type.Is(TypeKind::kFixed);
  if (!type.nested()) return column.kind == Kind::kValue && column.raw_bytes == bytes;
  const Kind kind = type.Is(TypeKind::kStruct) ? Kind::kStruct
                    : type.Is(TypeKind::kList) ? Kind::kList
                                               : Kind::kMap;
  const std::vector<Field>& fields = type.fields();
  if (column.kind != kind || column.children.size() != fields.size()) return false;
  const std::vector<std::string> names = SqlNames(fields);
  for (size_t i = 0; i < fields.size(); ++i) {
    const FileColumn& child = column.children[i];
    if (child.field_id != fields[i].id || !SameShape(child, fields[i].type)) return false;
    if (kind == Kind::kStruct && child.sql_name != names[i]) return false;
  }
  return true;
}

// Makes the values anew, part by part.
class Rebuilder {
 public:
  Result<std::string> Make(const FileColumn& column, const Field& field,
                           const std::string& expression) {
    const Type& type = field.type;
    if (type.Is(TypeKind::kStruct) && column.kind == Kind::kStruct)
      return Struct(column, field, expression);
    if (type.Is(TypeKind::kList) && column.kind == Kind::kList)
      return List(column, field, expression);
    if (type.Is(TypeKind::kMap) && column.kind == Kind::kMap) return Map(column, field, expression);
    if (type.nested() || column.kind != Kind::kValue)
      return Unsupported(field, "has another kind of type in a data file");
    return Leaf(column, field, expression);
  }

 private:
  static Result<std::string> Leaf(const FileColumn& column, const Field& field,
                                  const std::string& expression) {
    const std::string type = TRY(SqlType(field.type));
    const bool bytes = field.type.Is(TypeKind::kBinary) || field.type.Is(TypeKind::kFixed);
    if (bytes && !column.raw_bytes) return Unsupported(field, "isn't bytes in a data file");
    if (!column.raw_bytes || bytes) return fmt::format("CAST({} AS {})", expression, type);
    if (field.type.Is(TypeKind::kString)) return fmt::format("decode({})", expression);
    if (field.type.Is(TypeKind::kUuid)) return fmt::format("CAST(hex({}) AS UUID)", expression);
    return Unsupported(field, "is bytes in a data file");
  }

  Result<std::string> Struct(const FileColumn& column, const Field& field,
                             const std::string& expression) {
    const std::vector<Field>& fields = field.type.fields();
    const std::vector<std::string> names = SqlNames(fields);
    std::string parts;
    for (size_t i = 0; i < fields.size(); ++i) {
      const FileColumn* child = FindColumn(column.children, fields[i].id);
      std::string part;
      if (child == nullptr) {
        part = TRY(MissingSql(fields[i]));
      } else {
        const std::string of =
            fmt::format("struct_extract({}, {})", expression, QuoteText(child->sql_name));
        part = TRY(Make(*child, fields[i], of));
      }
      parts += fmt::format("{}{} := {}", i == 0 ? "" : ", ", QuoteName(names[i]), part);
    }
    return fmt::format("CASE WHEN {} IS NULL THEN NULL ELSE struct_pack({}) END", expression,
                       parts);
  }

  Result<std::string> List(const FileColumn& column, const Field& field,
                           const std::string& expression) {
    const std::string item = fmt::format("item_{}", ++variables_);
    const std::string made = TRY(Make(column.children[0], field.type.element(), item));
    return fmt::format("list_transform({}, lambda {}: {})", expression, item, made);
  }

  Result<std::string> Map(const FileColumn& column, const Field& field,
                          const std::string& expression) {
    const std::string item = fmt::format("item_{}", ++variables_);
    const std::string key = TRY(Make(column.children[0], field.type.key(), item + ".key"));
    const std::string value = TRY(Make(column.children[1], field.type.value(), item + ".value"));
    return fmt::format(
        "CASE WHEN {0} IS NULL THEN NULL ELSE map_from_entries(list_transform(map_entries({0}), "
        "lambda {1}: struct_pack(\"key\" := {2}, \"value\" := {3}))) END",
        expression, item, key, value);
  }

  int variables_ = 0;
};

}  // namespace

std::vector<std::string> SqlNames(const std::vector<Field>& fields) {
  DistinctNames distinct;
  std::vector<std::string> names;
  names.reserve(fields.size());
  for (const Field& field : fields) names.push_back(distinct.Next(field.name));
  return names;
}

Result<std::string> SqlType(const Type& type) {
  switch (type.kind()) {
    case TypeKind::kBoolean:
      return std::string("BOOLEAN");
    case TypeKind::kInt:
      return std::string("INTEGER");
    case TypeKind::kLong:
      return std::string("BIGINT");
    case TypeKind::kFloat:
      return std::string("FLOAT");
    case TypeKind::kDouble:
      return std::string("DOUBLE");
    case TypeKind::kDecimal:
      return fmt::format("DECIMAL({},{})", type.precision(), type.scale());
    case TypeKind::kDate:
      return std::string("DATE");
    case TypeKind::kTime:
      return std::string("TIME");
    case TypeKind::kTimestamp:
      return std::string("TIMESTAMP");
    case TypeKind::kTimestampTz:
      return std::string("TIMESTAMP WITH TIME ZONE");
    case TypeKind::kTimestampNs:
      return std::string("TIMESTAMP_NS");
    case TypeKind::kString:
      return std::string("VARCHAR");
    case TypeKind::kUuid:
      return std::string("UUID");
    case TypeKind::kFixed:
    case TypeKind::kBinary:
      return std::string("BLOB");
    case TypeKind::kList: {
      const std::string element = TRY(SqlType(type.element().type));
      return element + "[]";
    }
    case TypeKind::kMap: {
      const std::string key = TRY(SqlType(type.key().type));
      const std::string value = TRY(SqlType(type.value().type));
      return fmt::format("MAP({}, {})", key, value);
    }
    case TypeKind::kStruct: {
      if (type.fields().empty())
        return MakeError(ErrorKind::kUnsupported, "a struct without fields");
      const std::vector<std::string> names = SqlNames(type.fields());
      std::string parts;
      for (size_t i = 0; i < names.size(); ++i) {
        const std::string part = TRY(SqlType(type.fields()[i].type));
        parts += fmt::format("{}{} {}", i == 0 ? "" : ", ", QuoteName(names[i]), part);
      }
      return fmt::format("STRUCT({})", parts);
    }
    default:
      return MakeError(ErrorKind::kUnsupported,
                       fmt::format("values of type {} can't be read", type.Text()));
  }
}

std::string SqlLiteral(const Type& type, const Value& value) {
  const Result<std::string> known = SqlType(type);
  const std::string sql_type = known.ok() ? *known : "VARCHAR";
  if (IsNull(value)) return fmt::format("CAST(NULL AS {})", sql_type);
  const auto cast = [&](const std::string& text) {
    return fmt::format("CAST({} AS {})", QuoteText(text), sql_type);
  };
  switch (type.kind()) {
    case TypeKind::kBoolean:
      return std::get<bool>(value) ? "TRUE" : "FALSE";
    case TypeKind::kInt:
      return cast(std::to_string(std::get<int32_t>(value)));
    case TypeKind::kLong:
      return cast(std::to_string(std::get<int64_t>(value)));
    case TypeKind::kFloat:
      return cast(RealText(std::get<float>(value)));
    case TypeKind::kDouble:
      return cast(RealText(std::get<double>(value)));
    case TypeKind::kDecimal:
      return cast(DecimalText(std::get<Int128>(value), type.scale()));
    case TypeKind::kDate:
      return fmt::format("(DATE '1970-01-01' + CAST({} AS INTEGER))", std::get<int32_t>(value));
    case TypeKind::kTime:
      return fmt::format("(TIME '00:00:00' + to_microseconds({}))", std::get<int64_t>(value));
    case TypeKind::kTimestamp:
      return fmt::format("make_timestamp({})", std::get<int64_t>(value));
    case TypeKind::kTimestampTz:
      return fmt::format("make_timestamptz({})", std::get<int64_t>(value));
    case TypeKind::kTimestampNs:
      return fmt::format("make_timestamp_ns({})", std::get<int64_t>(value));
    case TypeKind::kUuid:
      return cast(UuidText(std::get<std::string>(value)));
    case TypeKind::kString:
      return fmt::format("decode(unhex('{}'))", Hex(std::get<std::string>(value)));
    default:
      return fmt::format("unhex('{}')", Hex(std::get<std::string>(value)));
  }
}

Result<std::string> ColumnSql(const FileColumn& column, const Field& field,
                              const std::string& expression) {
  const std::string type = TRY(SqlType(field.type));
  if (SameShape(column, field.type)) return fmt::format("CAST({} AS {})", expression, type);
  const std::string made = TRY(Rebuilder().Make(column, field, expression));
  return fmt::format("CAST({} AS {})", made, type);
}

Result<std::string> MissingSql(const Field& field) {
  if (field.initial_default && *field.initial_default != "null") {
    if (field.type.nested()) return Unsupported(field, "has a default of a nested type");
    const Json json = TRY(ParseJson(*field.initial_default, "a default"));
    const Value value = TRY(lake::ValueFromJson(field.type, json));
    return SqlLiteral(field.type, value);
  }
  if (field.required) return Unsupported(field, "is required, and a data file lacks it");
  const std::string type = TRY(SqlType(field.type));
  return fmt::format("CAST(NULL AS {})", type);
}

const FileColumn* FindColumn(const std::vector<FileColumn>& columns, int32_t field_id) {
  for (const FileColumn& column : columns)
    if (column.field_id == field_id) return &column;
  return nullptr;
}

}  // namespace caudal::query
