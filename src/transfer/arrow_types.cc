#include "transfer/arrow_types.h"

#include <charconv>
#include <string>
#include <utility>
#include <vector>

#include "data/field.h"

namespace caudal::transfer {
namespace {

constexpr std::pair<std::string_view, TypeKind> kPlain[] = {
    {"b", TypeKind::kBoolean},      {"i", TypeKind::kInt},          {"c", TypeKind::kInt},
    {"C", TypeKind::kInt},          {"s", TypeKind::kInt},          {"S", TypeKind::kInt},
    {"l", TypeKind::kLong},         {"I", TypeKind::kLong},         {"f", TypeKind::kFloat},
    {"e", TypeKind::kFloat},        {"g", TypeKind::kDouble},       {"tdD", TypeKind::kDate},
    {"ttu", TypeKind::kTime},       {"u", TypeKind::kString},       {"U", TypeKind::kString},
    {"z", TypeKind::kBinary},       {"Z", TypeKind::kBinary},       {"tss:", TypeKind::kTimestamp},
    {"tsm:", TypeKind::kTimestamp}, {"tsu:", TypeKind::kTimestamp}, {"tsn:", TypeKind::kTimestamp},
};

Result<Type> DecimalOf(std::string_view format) {
  int precision = 0;
  int scale = 0;
  const char* end = format.data() + format.size();
  const auto first = std::from_chars(format.data() + 2, end, precision);
  if (first.ec != std::errc() || first.ptr == end)
    return MakeError(ErrorKind::kInternal, "Arrow format " + std::string(format));
  std::from_chars(first.ptr + 1, end, scale);
  return Type::Decimal(precision, scale);
}

Result<Field> PartOf(const engine::Field& column) {
  Field part;
  part.name = column.name;
  part.type = TRY(TypeOf(column));
  return part;
}

}  // namespace

Result<Type> TypeOf(const engine::Field& column) {
  const std::string_view format = column.format;
  const std::string_view extension = column.ExtensionType();
  if (!column.dictionary.empty()) return TypeOf(column.dictionary[0]);  // an enum
  if (extension == "arrow.bool8" || extension == "bool8") return Type(TypeKind::kBoolean);
  if (extension == "arrow.uuid" || extension == "uuid") return Type(TypeKind::kUuid);
  if (extension == "hugeint") return Type::Decimal(38, 0);
  if (format == "L") return Type::Decimal(20, 0);
  if (extension.empty() || extension == "arrow.json")
    for (const auto& [text, kind] : kPlain)
      if (format == text) return Type(kind);
  if (format.starts_with("d:")) return DecimalOf(format);
  for (const std::string_view zoned : {"tss:", "tsm:", "tsu:", "tsn:"})
    if (format.starts_with(zoned)) return Type(TypeKind::kTimestampTz);
  if (format == "+l" || format == "+L" || format.starts_with("+w:")) {
    Field element = TRY(PartOf(column.children.at(0)));
    return Type::List(std::move(element));
  }
  if (format == "+m") {
    const std::vector<engine::Field>& entry = column.children.at(0).children;
    Field key = TRY(PartOf(entry.at(0)));
    Field value = TRY(PartOf(entry.at(1)));
    return Type::Map(std::move(key), std::move(value));
  }
  if (format == "+s") {
    std::vector<Field> fields;
    for (const engine::Field& child : column.children) {
      Field field = TRY(PartOf(child));
      fields.push_back(std::move(field));
    }
    return Type::Struct(std::move(fields));
  }
  const std::string what(extension.empty() ? format : extension);
  return MakeError(
      ErrorKind::kUnsupported,
      "column '" + column.name + "': no type of tables takes its values (" + what + ")");
}

}  // namespace caudal::transfer
