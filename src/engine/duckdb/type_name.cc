#include "engine/duckdb/type_name.h"

#include <array>
#include <string_view>
#include <utility>

namespace caudal::engine {
namespace {

// Of DuckDB 1.5; its header is of a version before.
constexpr int kTimeNanoseconds = 39;
constexpr int kGeometry = 40;
constexpr int kVariant = 41;

constexpr auto kNames = std::to_array<std::pair<int, std::string_view>>({
    {DUCKDB_TYPE_BOOLEAN, "BOOLEAN"},
    {DUCKDB_TYPE_TINYINT, "TINYINT"},
    {DUCKDB_TYPE_SMALLINT, "SMALLINT"},
    {DUCKDB_TYPE_INTEGER, "INTEGER"},
    {DUCKDB_TYPE_BIGINT, "BIGINT"},
    {DUCKDB_TYPE_UTINYINT, "UTINYINT"},
    {DUCKDB_TYPE_USMALLINT, "USMALLINT"},
    {DUCKDB_TYPE_UINTEGER, "UINTEGER"},
    {DUCKDB_TYPE_UBIGINT, "UBIGINT"},
    {DUCKDB_TYPE_FLOAT, "FLOAT"},
    {DUCKDB_TYPE_DOUBLE, "DOUBLE"},
    {DUCKDB_TYPE_TIMESTAMP, "TIMESTAMP"},
    {DUCKDB_TYPE_DATE, "DATE"},
    {DUCKDB_TYPE_TIME, "TIME"},
    {DUCKDB_TYPE_INTERVAL, "INTERVAL"},
    {DUCKDB_TYPE_HUGEINT, "HUGEINT"},
    {DUCKDB_TYPE_UHUGEINT, "UHUGEINT"},
    {DUCKDB_TYPE_VARCHAR, "VARCHAR"},
    {DUCKDB_TYPE_BLOB, "BLOB"},
    {DUCKDB_TYPE_TIMESTAMP_S, "TIMESTAMP_S"},
    {DUCKDB_TYPE_TIMESTAMP_MS, "TIMESTAMP_MS"},
    {DUCKDB_TYPE_TIMESTAMP_NS, "TIMESTAMP_NS"},
    {DUCKDB_TYPE_UUID, "UUID"},
    {DUCKDB_TYPE_BIT, "BIT"},
    {DUCKDB_TYPE_TIME_TZ, "TIME WITH TIME ZONE"},
    {DUCKDB_TYPE_TIMESTAMP_TZ, "TIMESTAMP WITH TIME ZONE"},
    {DUCKDB_TYPE_BIGNUM, "BIGNUM"},
    {DUCKDB_TYPE_SQLNULL, "\"NULL\""},
    {kTimeNanoseconds, "TIME_NS"},
    {kGeometry, "GEOMETRY"},
    {kVariant, "VARIANT"},
});

std::string Quoted(std::string_view text, char quote) {
  std::string quoted(1, quote);
  for (const char c : text) {
    if (c == quote) quoted += quote;
    quoted += c;
  }
  return quoted + quote;
}

// Bare where it is a plain lower-case word.
std::string MemberName(std::string_view name) {
  const bool plain = !name.empty() && name.find_first_not_of("abcdefghijklmnopqrstuvwxyz_") ==
                                          std::string_view::npos;
  return plain ? std::string(name) : Quoted(name, '"');
}

std::string EnumName(duckdb_logical_type type) {
  std::string name = "ENUM(";
  const uint32_t count = duckdb_enum_dictionary_size(type);
  // Long ones are cut short: this is for people.
  constexpr uint32_t kValuesMax = 100;
  for (uint32_t i = 0; i < count && i < kValuesMax; ++i)
    name += (i == 0 ? "" : ", ") + Quoted(TakeText(duckdb_enum_dictionary_value(type, i)), '\'');
  return name + (count > kValuesMax ? ", …)" : ")");
}

}  // namespace

std::string TypeName(duckdb_logical_type type) {
  const auto id = static_cast<int>(duckdb_get_type_id(type));
  const std::string alias = TakeText(duckdb_logical_type_get_alias(type));
  if (!alias.empty()) return alias;
  for (const auto& [number, name] : kNames)
    if (number == id) return std::string(name);
  switch (id) {
    case DUCKDB_TYPE_DECIMAL:
      return "DECIMAL(" + std::to_string(duckdb_decimal_width(type)) + "," +
             std::to_string(duckdb_decimal_scale(type)) + ")";
    case DUCKDB_TYPE_ENUM:
      return EnumName(type);
    case DUCKDB_TYPE_LIST: {
      const TypeHandle child(duckdb_list_type_child_type(type));
      return TypeName(child.get()) + "[]";
    }
    case DUCKDB_TYPE_ARRAY: {
      const TypeHandle child(duckdb_array_type_child_type(type));
      return TypeName(child.get()) + "[" + std::to_string(duckdb_array_type_array_size(type)) + "]";
    }
    case DUCKDB_TYPE_MAP: {
      const TypeHandle key(duckdb_map_type_key_type(type));
      const TypeHandle value(duckdb_map_type_value_type(type));
      return "MAP(" + TypeName(key.get()) + ", " + TypeName(value.get()) + ")";
    }
    case DUCKDB_TYPE_STRUCT: {
      std::string name;
      for (idx_t i = 0; i < duckdb_struct_type_child_count(type); ++i) {
        const TypeHandle child(duckdb_struct_type_child_type(type, i));
        name += (i == 0 ? "" : ", ") +
                MemberName(TakeText(duckdb_struct_type_child_name(type, i))) + " " +
                TypeName(child.get());
      }
      return "STRUCT(" + name + ")";
    }
    case DUCKDB_TYPE_UNION: {
      std::string name;
      for (idx_t i = 0; i < duckdb_union_type_member_count(type); ++i) {
        const TypeHandle child(duckdb_union_type_member_type(type, i));
        name += (i == 0 ? "" : ", ") +
                MemberName(TakeText(duckdb_union_type_member_name(type, i))) + " " +
                TypeName(child.get());
      }
      return "UNION(" + name + ")";
    }
    default:
      return "type " + std::to_string(id);
  }
}

}  // namespace caudal::engine
