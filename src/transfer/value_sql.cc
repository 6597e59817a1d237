#include "transfer/value_sql.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "data/batch.h"
#include "data/field.h"
#include "engine/quoting.h"
#include "transfer/arrow_types.h"

namespace caudal::transfer {
namespace {

using engine::QuoteName;
using engine::QuoteText;

constexpr std::string_view kDate = "[0-9]{4}-[0-9]{2}-[0-9]{2}";
constexpr std::string_view kTime = "[0-9]{2}:[0-9]{2}(:[0-9]{2}([.][0-9]{1,6})?)?";
constexpr std::string_view kZone = " ?(Z|z|[-+][0-9]{2}(:?[0-9]{2})?)";

std::string Cast(std::string_view pattern, const std::string& text, const std::string& type) {
  return fmt::format("CASE WHEN regexp_full_match({0}, '{1}') THEN TRY_CAST({0} AS {2}) END", text,
                     pattern, type);
}

std::string DecimalOf(const Type& type, const std::string& text) {
  const std::string digits =
      type.scale() == 0 ? "[.]?0*" : fmt::format("([.][0-9]{{0,{}}}0*)?", type.scale());
  return Cast("[-+]?[0-9]*" + digits, text, SqlTypeOf(type));
}

// Writes the SQL of values within JSON. Lambdas' names must differ where they nest.
class Nested {
 public:
  // An error where there is a text that is no value: what is outside becomes NULL by it. (A cast
  // fails; the function error() may not stand within TRY.)
  std::string Part(const Field& field, const std::string& text) {
    const std::string value = Value(field.type, text);
    if (field.type.Is(TypeKind::kString)) return value;
    return fmt::format(
        "CASE WHEN {0} IS NULL THEN NULL WHEN ({1}) IS NULL THEN CASE WHEN CAST('x' || {0} AS "
        "INTEGER) IS NULL THEN NULL END ELSE {1} END",
        text, value);
  }

  std::string Value(const Type& type, const std::string& text) {
    if (type.Is(TypeKind::kStruct)) return StructOf(type, text);
    if (type.Is(TypeKind::kList)) return ListOf(type, text);
    if (type.Is(TypeKind::kMap)) return MapOf(type, text);
    return ValueOfText(type, text);
  }

 private:
  std::string NewName() { return fmt::format("x{}", ++names_); }

  std::string StructOf(const Type& type, const std::string& text) {
    std::string parts;
    for (const Field& field : type.fields())
      parts += fmt::format("{}{} := {}", parts.empty() ? "" : ", ", QuoteName(field.name),
                           Part(field, fmt::format("json_extract_string({}, {})", text,
                                                   QuoteText(PointerTo(field.name)))));
    return fmt::format(
        "CASE WHEN json_valid({0}) AND json_type({0}) = 'OBJECT' THEN struct_pack({1}) END", text,
        parts);
  }

  std::string ListOf(const Type& type, const std::string& text) {
    const std::string item = NewName();
    return fmt::format(
        "CASE WHEN json_valid({0}) AND json_type({0}) = 'ARRAY' THEN "
        "list_transform(CAST(CAST({0} AS JSON) AS JSON[]), lambda {1}: {2}) END",
        text, item, Part(type.element(), fmt::format("json_extract_string({}, '$')", item)));
  }

  std::string MapOf(const Type& type, const std::string& text) {
    const std::string pair = NewName();
    const auto entries = [&](const std::string& list, const std::string& key,
                             const std::string& value) {
      return fmt::format(
          "map_from_entries(list_transform({}, lambda {}: struct_pack(k := {}, v := {})))", list,
          pair, Part(type.key(), key), Part(type.value(), value));
    };
    const std::string of_object =
        entries(fmt::format("map_entries(CAST(CAST({} AS JSON) AS MAP(VARCHAR, JSON)))", text),
                pair + ".key", fmt::format("json_extract_string({}.value, '$')", pair));
    const std::string of_pairs = entries(fmt::format("CAST(CAST({} AS JSON) AS JSON[])", text),
                                         fmt::format("json_extract_string({}, '/0')", pair),
                                         fmt::format("json_extract_string({}, '/1')", pair));
    return fmt::format(
        "CASE WHEN NOT json_valid({0}) THEN NULL WHEN json_type({0}) = 'OBJECT' THEN {1} WHEN "
        "json_type({0}) = 'ARRAY' THEN {2} END",
        text, of_object, of_pairs);
  }

  int names_ = 0;
};

}  // namespace

std::string PointerTo(std::string_view name) {
  std::string pointer = "/";
  for (const char c : name) {
    if (c == '~')
      pointer += "~0";
    else if (c == '/')
      pointer += "~1";
    else
      pointer += c;
  }
  return pointer;
}

std::string SqlTypeOf(const Type& type) {
  switch (type.kind()) {
    case TypeKind::kBoolean:
      return "BOOLEAN";
    case TypeKind::kInt:
      return "INTEGER";
    case TypeKind::kLong:
      return "BIGINT";
    case TypeKind::kFloat:
      return "FLOAT";
    case TypeKind::kDouble:
      return "DOUBLE";
    case TypeKind::kDecimal:
      return fmt::format("DECIMAL({},{})", type.precision(), type.scale());
    case TypeKind::kDate:
      return "DATE";
    case TypeKind::kTime:
      return "TIME";
    case TypeKind::kTimestamp:
      return "TIMESTAMP";
    case TypeKind::kTimestampTz:
      return "TIMESTAMPTZ";
    case TypeKind::kUuid:
      return "UUID";
    case TypeKind::kFixed:
    case TypeKind::kBinary:
      return "BLOB";
    case TypeKind::kList:
      return SqlTypeOf(type.element().type) + "[]";
    case TypeKind::kMap:
      return fmt::format("MAP({}, {})", SqlTypeOf(type.key().type), SqlTypeOf(type.value().type));
    case TypeKind::kStruct: {
      std::string parts;
      for (const Field& field : type.fields())
        parts += fmt::format("{}{} {}", parts.empty() ? "" : ", ", QuoteName(field.name),
                             SqlTypeOf(field.type));
      return "STRUCT(" + parts + ")";
    }
    default:
      return "VARCHAR";
  }
}

std::string ValueOfText(const Type& type, const std::string& text) {
  const std::string sql = SqlTypeOf(type);
  switch (type.kind()) {
    case TypeKind::kBoolean:
      return Cast("(?i:true|false|t|f|1|0)", text, sql);
    case TypeKind::kInt:
    case TypeKind::kLong:
      return Cast("[-+]?[0-9]+", text, sql);
    case TypeKind::kFloat:
    case TypeKind::kDouble:
      return Cast("(?i:[-+]?(([0-9]+[.]?[0-9]*|[.][0-9]+)(e[-+]?[0-9]+)?|inf|infinity|nan))", text,
                  sql);
    case TypeKind::kDecimal:
      return DecimalOf(type, text);
    case TypeKind::kDate:
      return Cast(kDate, text, sql);
    case TypeKind::kTime:
      return Cast(kTime, text, sql);
    case TypeKind::kTimestamp:
      return Cast(fmt::format("{}([ T]{})?", kDate, kTime), text, sql);
    case TypeKind::kTimestampTz:
      return Cast(fmt::format("{}([ T]{}({})?)?", kDate, kTime, kZone), text, sql);
    case TypeKind::kUuid:
      return Cast("[0-9a-fA-F]{8}-?([0-9a-fA-F]{4}-?){3}[0-9a-fA-F]{12}", text, sql);
    case TypeKind::kFixed:
      return fmt::format(
          "CASE WHEN octet_length(TRY(from_base64({0}))) = {1} THEN "
          "from_base64({0}) END",
          text, type.length());
    case TypeKind::kBinary:
      return fmt::format("TRY(from_base64({}))", text);
    case TypeKind::kStruct:
    case TypeKind::kList:
    case TypeKind::kMap:
      return fmt::format("TRY({})", Nested().Value(type, text));
    default:
      return text;
  }
}

std::string LooksLike(const Type& type, const std::string& text) {
  const std::string sql = SqlTypeOf(type);
  if (type.Is(TypeKind::kBoolean)) return Cast("(?i:true|false)", text, sql);
  // A zero in front says that it is no number: a code, a telephone's.
  if (type.Is(TypeKind::kLong)) return Cast("-?(0|[1-9][0-9]*)", text, sql);
  if (type.Is(TypeKind::kDouble))
    return Cast("(?i:-?(0|[1-9][0-9]*)([.][0-9]+)?(e[-+]?[0-9]+)?|-?inf|nan)", text, sql);
  if (type.Is(TypeKind::kTimestampTz))
    return Cast(fmt::format("{}[ T]{}{}", kDate, kTime, kZone), text, sql);
  return ValueOfText(type, text);
}

namespace {

bool IsInteger(std::string_view format) {
  return format.size() == 1 && std::string_view("cCsSiIlL").find(format[0]) != std::string::npos;
}

// Every value of `from` is one of `to`, at any depth; structs by name.
bool Widens(const Type& from, const Type& to) {
  if (SameLayout(from, to) || CanPromote(from, to, 2)) return true;
  if (!from.nested() || from.kind() != to.kind()) return false;
  if (!from.Is(TypeKind::kStruct)) {
    for (size_t i = 0; i < from.fields().size(); ++i)
      if (!Widens(from.fields()[i].type, to.fields()[i].type)) return false;
    return true;
  }
  return std::ranges::all_of(from.fields(), [&](const Field& field) {
    return std::ranges::any_of(to.fields(), [&](const Field& other) {
      return other.name == field.name && Widens(field.type, other.type);
    });
  });
}

}  // namespace

Result<std::string> ValueOfColumn(const Type& type, const engine::Field& column,
                                  const std::string& sql) {
  const Result<Type> from = TypeOf(column);
  const std::string to = SqlTypeOf(type);
  const std::string cast = fmt::format("TRY_CAST({} AS {})", sql, to);
  const std::string_view format = column.format;
  if (from.ok()) {
    const bool number = from->Is(TypeKind::kInt) || from->Is(TypeKind::kLong) ||
                        (from->Is(TypeKind::kDecimal) && from->scale() == 0);
    if (format.starts_with("tsn:") && from->kind() == type.kind())
      return fmt::format("CASE WHEN epoch_ns({0}) % 1000 = 0 THEN {1} END", sql, cast);
    if (Widens(*from, type)) return cast;
    // What is too large becomes NULL.
    if (number &&
        (type.Is(TypeKind::kInt) || type.Is(TypeKind::kLong) || type.Is(TypeKind::kDecimal)))
      return cast;
    if (IsInteger(format) && from->Is(TypeKind::kInt) && type.Is(TypeKind::kDouble)) return cast;
    if (from->Is(TypeKind::kDecimal) && type.Is(TypeKind::kDecimal) &&
        type.scale() >= from->scale())
      return cast;
    if (from->Is(TypeKind::kBinary) && type.Is(TypeKind::kUuid))
      return fmt::format("CASE WHEN octet_length({0}) = 16 THEN TRY_CAST(hex({0}) AS UUID) END",
                         sql);
    if (from->Is(TypeKind::kBinary) && type.Is(TypeKind::kFixed))
      return fmt::format("CASE WHEN octet_length({0}) = {1} THEN {0} END", sql, type.length());
  }
  return MakeError(ErrorKind::kInvalid,
                   fmt::format("column '{}' is {} in the file, and {} in the table", column.name,
                               from.ok() ? from->Text() : std::string(format), type.Text()),
                   "load.type");
}

}  // namespace caudal::transfer
