#include "engine/duckdb/parquet_types.h"

#include <fmt/format.h>

#include <utility>

#include "data/distinct_names.h"
#include "engine/duckdb/type_name.h"
#include "engine/quoting.h"

namespace caudal::engine {
namespace {

using caudal::Field;

constexpr std::string_view kIdKey = "__duckdb_field_id";

std::vector<std::string> NamesOf(const std::vector<Field>& fields) {
  DistinctNames distinct(kIdKey);
  std::vector<std::string> names;
  names.reserve(fields.size());
  for (const Field& field : fields) names.push_back(distinct.Next(field.name));
  return names;
}

// Builds types and ids together, so that they agree on the names.
class Maker {
 public:
  Result<TypeHandle> Make(const Field& field, std::string& ids) {
    const size_t length = path_.size();
    path_ += (length == 0 ? "" : ".") + field.name;
    Result<TypeHandle> made = MakeType(field, ids);
    path_.resize(length);
    return made;
  }

 private:
  Error Refuse(std::string_view why) const {
    return MakeError(ErrorKind::kUnsupported, fmt::format("column {}: {}", path_, why));
  }

  Result<TypeHandle> MakeType(const Field& field, std::string& ids) {
    const Type& type = field.type;
    if (type.nested()) return MakeNested(field, ids);
    ids += std::to_string(field.id);
    if (type.Is(TypeKind::kDecimal))
      return TypeHandle(duckdb_create_decimal_type(static_cast<uint8_t>(type.precision()),
                                                   static_cast<uint8_t>(type.scale())));
    for (const auto& [kind, id] : kPlain)
      if (type.Is(kind)) return TypeHandle(duckdb_create_logical_type(id));
    if (type.Is(TypeKind::kFixed))
      return Refuse("DuckDB writes no bytes of a fixed length, as fixed needs; take binary");
    return Refuse(fmt::format("Parquet files of type {} can't be written", type.Text()));
  }

  Result<TypeHandle> MakeNested(const Field& field, std::string& ids) {
    const std::vector<Field>& parts = field.type.fields();
    if (parts.empty()) return Refuse("a struct without fields has no place in a Parquet file");
    const std::vector<std::string> names = NamesOf(parts);
    std::vector<TypeHandle> owned;
    std::vector<duckdb_logical_type> types;
    std::vector<const char*> texts;
    ids += fmt::format("{{{}: {}", QuoteText(kIdKey), field.id);
    for (size_t i = 0; i < parts.size(); ++i) {
      if (names[i].find('\0') != std::string::npos) return Refuse("a name with a NUL");
      ids += fmt::format(", {}: ", QuoteText(names[i]));
      TypeHandle made = TRY(Make(parts[i], ids));
      types.push_back(made.get());
      owned.push_back(std::move(made));
      texts.push_back(names[i].c_str());
    }
    ids += '}';
    if (field.type.Is(TypeKind::kList)) return TypeHandle(duckdb_create_list_type(types[0]));
    if (field.type.Is(TypeKind::kMap))
      return TypeHandle(duckdb_create_map_type(types[0], types[1]));
    return TypeHandle(duckdb_create_struct_type(types.data(), texts.data(), types.size()));
  }

  static constexpr std::pair<TypeKind, duckdb_type> kPlain[] = {
      {TypeKind::kBoolean, DUCKDB_TYPE_BOOLEAN},
      {TypeKind::kInt, DUCKDB_TYPE_INTEGER},
      {TypeKind::kLong, DUCKDB_TYPE_BIGINT},
      {TypeKind::kFloat, DUCKDB_TYPE_FLOAT},
      {TypeKind::kDouble, DUCKDB_TYPE_DOUBLE},
      {TypeKind::kDate, DUCKDB_TYPE_DATE},
      {TypeKind::kTime, DUCKDB_TYPE_TIME},
      {TypeKind::kTimestamp, DUCKDB_TYPE_TIMESTAMP},
      {TypeKind::kTimestampTz, DUCKDB_TYPE_TIMESTAMP_TZ},
      {TypeKind::kString, DUCKDB_TYPE_VARCHAR},
      {TypeKind::kUuid, DUCKDB_TYPE_UUID},
      {TypeKind::kBinary, DUCKDB_TYPE_BLOB},
  };

  std::string path_;
};

Error NotOurs(const ParquetNode& node, duckdb_logical_type type) {
  return MakeError(
      ErrorKind::kUnsupported,
      fmt::format("column {} of the file: {} is no type of tables", node.name, TypeName(type)));
}

// The node of a list's or map's repeated level.
Result<size_t> RepeatedIn(const ParquetFooter& footer, size_t node) {
  if (footer.nodes[node].children.size() != 1)
    return MakeError(ErrorKind::kUnsupported,
                     fmt::format("column {} of the file is a list or map of an unknown layout",
                                 footer.nodes[node].name));
  return footer.nodes[node].children[0];
}

Result<Field> FieldOf(const ParquetFooter& footer, size_t node, TypeHandle type) {
  Type converted = TRY(TypeOfColumn(footer, node, type.get()));
  const ParquetNode& named = footer.nodes[node];
  return Field{named.field_id.value_or(0), named.name, std::move(converted), false, {}, {}, {}};
}

Result<Type> ListOf(const ParquetFooter& footer, size_t node, duckdb_logical_type type) {
  size_t element = node;  // a repeated field that is no list by name
  if (!footer.nodes[node].repeated) {
    element = TRY(RepeatedIn(footer, node));
    const ParquetNode& inner = footer.nodes[element];
    // Old writers have two levels, and the repeated one is the element itself.
    if (inner.children.size() == 1 && inner.name != "array" && !inner.name.ends_with("_tuple"))
      element = inner.children[0];
  }
  Field field = TRY(FieldOf(footer, element, TypeHandle(duckdb_list_type_child_type(type))));
  return Type::List(std::move(field));
}

Result<Type> MapOf(const ParquetFooter& footer, size_t node, duckdb_logical_type type) {
  const size_t entries = TRY(RepeatedIn(footer, node));
  const std::vector<size_t>& parts = footer.nodes[entries].children;
  if (parts.size() != 2) return NotOurs(footer.nodes[node], type);
  Field key = TRY(FieldOf(footer, parts[0], TypeHandle(duckdb_map_type_key_type(type))));
  Field value = TRY(FieldOf(footer, parts[1], TypeHandle(duckdb_map_type_value_type(type))));
  return Type::Map(std::move(key), std::move(value));
}

Result<Type> StructOf(const ParquetFooter& footer, size_t node, duckdb_logical_type type) {
  const std::vector<size_t>& children = footer.nodes[node].children;
  if (duckdb_struct_type_child_count(type) != children.size())
    return NotOurs(footer.nodes[node], type);
  std::vector<Field> fields;
  for (size_t i = 0; i < children.size(); ++i) {
    TypeHandle child(duckdb_struct_type_child_type(type, i));
    Field field = TRY(FieldOf(footer, children[i], std::move(child)));
    fields.push_back(std::move(field));
  }
  return Type::Struct(std::move(fields));
}

}  // namespace

Result<ParquetLayout> LayoutOf(const Schema& schema) {
  if (schema.fields().empty())
    return MakeError(ErrorKind::kUnsupported, "a Parquet file without columns can't be written");
  ParquetLayout layout;
  layout.names = NamesOf(schema.fields());
  layout.field_ids += '{';
  Maker maker;
  for (size_t i = 0; i < layout.names.size(); ++i) {
    if (layout.names[i].find('\0') != std::string::npos)
      return MakeError(ErrorKind::kUnsupported, "the name of a column has a NUL");
    layout.field_ids += fmt::format("{}{}: ", i == 0 ? "" : ", ", QuoteText(layout.names[i]));
    TypeHandle type = TRY(maker.Make(schema.fields()[i], layout.field_ids));
    layout.types.push_back(std::move(type));
  }
  layout.field_ids += '}';
  return layout;
}

Result<Type> TypeOfColumn(const ParquetFooter& footer, size_t node, duckdb_logical_type type) {
  switch (duckdb_get_type_id(type)) {
    case DUCKDB_TYPE_BOOLEAN:
      return Type(TypeKind::kBoolean);
    case DUCKDB_TYPE_INTEGER:
      return Type(TypeKind::kInt);
    case DUCKDB_TYPE_BIGINT:
      return Type(TypeKind::kLong);
    case DUCKDB_TYPE_FLOAT:
      return Type(TypeKind::kFloat);
    case DUCKDB_TYPE_DOUBLE:
      return Type(TypeKind::kDouble);
    case DUCKDB_TYPE_DECIMAL:
      return Type::Decimal(duckdb_decimal_width(type), duckdb_decimal_scale(type));
    case DUCKDB_TYPE_DATE:
      return Type(TypeKind::kDate);
    case DUCKDB_TYPE_TIME:
      return Type(TypeKind::kTime);
    case DUCKDB_TYPE_TIMESTAMP:
      return Type(TypeKind::kTimestamp);
    case DUCKDB_TYPE_TIMESTAMP_TZ:
      return Type(TypeKind::kTimestampTz);
    case DUCKDB_TYPE_TIMESTAMP_NS:
      return Type(TypeKind::kTimestampNs);
    case DUCKDB_TYPE_VARCHAR:
      return Type(TypeKind::kString);
    case DUCKDB_TYPE_UUID:
      return Type(TypeKind::kUuid);
    case DUCKDB_TYPE_BLOB:
      return Type(TypeKind::kBinary);
    case DUCKDB_TYPE_LIST:
      return ListOf(footer, node, type);
    case DUCKDB_TYPE_MAP:
      return MapOf(footer, node, type);
    case DUCKDB_TYPE_STRUCT:
      return StructOf(footer, node, type);
    default:
      return NotOurs(footer.nodes[node], type);
  }
}

}  // namespace caudal::engine
