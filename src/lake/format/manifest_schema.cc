#include "lake/format/manifest_schema.h"

#include <fmt/format.h>

#include <set>
#include <utility>

#include "data/field.h"
#include "data/json.h"
#include "data/value.h"

namespace caudal::lake {
namespace {

// nlohmann's ordered objects keep the order that other writers have.
using Ordered = nlohmann::ordered_json;

Ordered Required(int id, const char* name, Ordered type) {
  return {{"name", name}, {"type", std::move(type)}, {"field-id", id}};
}

Ordered Optional(int id, const char* name, Ordered type) {
  Ordered either = Ordered::array();
  either.push_back("null");
  either.push_back(std::move(type));
  return {{"name", name}, {"type", std::move(either)}, {"default", nullptr}, {"field-id", id}};
}

Ordered Record(std::string name, Ordered fields) {
  return {{"type", "record"}, {"name", std::move(name)}, {"fields", std::move(fields)}};
}

Ordered List(int element_id, Ordered items) {
  return {{"type", "array"}, {"items", std::move(items)}, {"element-id", element_id}};
}

// Maps with keys that aren't strings are lists of records.
Ordered Map(int key_id, int value_id, const char* value) {
  Ordered entry = Record(fmt::format("k{}_v{}", key_id, value_id),
                         {Required(key_id, "key", "int"), Required(value_id, "value", value)});
  return {{"type", "array"}, {"items", std::move(entry)}, {"logicalType", "map"}};
}

Ordered Logical(const char* type, const char* logical) {
  return {{"type", type}, {"logicalType", logical}};
}

Ordered Stamp(const char* logical, bool utc) {
  return {{"type", "long"}, {"logicalType", logical}, {"adjust-to-utc", utc}};
}

// A named type: defined once, then only named.
Ordered Fixed(std::string name, int size, std::set<std::string>& defined, Ordered attributes) {
  if (!defined.insert(name).second) return name;
  Ordered type = {{"type", "fixed"}, {"name", std::move(name)}, {"size", size}};
  for (const auto& [key, value] : attributes.items()) type[key] = value;
  return type;
}

Result<Ordered> AvroType(const Type& type, std::set<std::string>& defined) {
  switch (type.kind()) {
    case TypeKind::kBoolean:
    case TypeKind::kInt:
    case TypeKind::kLong:
    case TypeKind::kFloat:
    case TypeKind::kDouble:
    case TypeKind::kString:
      return Ordered(NameOf(type.kind()));
    case TypeKind::kBinary:
      return Ordered("bytes");
    case TypeKind::kDate:
      return Logical("int", "date");
    case TypeKind::kTime:
      return Logical("long", "time-micros");
    case TypeKind::kTimestamp:
      return Stamp("timestamp-micros", false);
    case TypeKind::kTimestampTz:
      return Stamp("timestamp-micros", true);
    case TypeKind::kTimestampNs:
      return Stamp("timestamp-nanos", false);
    case TypeKind::kTimestampTzNs:
      return Stamp("timestamp-nanos", true);
    case TypeKind::kUuid:
      return Fixed("uuid_fixed", 16, defined, {{"logicalType", "uuid"}});
    case TypeKind::kFixed:
      return Fixed(fmt::format("fixed_{}", type.length()), type.length(), defined,
                   Ordered::object());
    case TypeKind::kDecimal:
      return Fixed(
          fmt::format("decimal_{}_{}", type.precision(), type.scale()),
          DecimalBytes(type.precision()), defined,
          {{"logicalType", "decimal"}, {"precision", type.precision()}, {"scale", type.scale()}});
    default:
      return MakeError(ErrorKind::kUnsupported,
                       fmt::format("partition values of type {}", type.Text()));
  }
}

Result<Ordered> PartitionRecord(const Type& partition) {
  std::set<std::string> defined;
  std::set<std::string> names;
  Ordered fields = Ordered::array();
  for (const Field& field : partition.fields()) {
    Ordered type = TRY(AvroType(field.type, defined));
    std::string name = AvroName(field.name);
    if (!names.insert(name).second) name += fmt::format("_{}", field.id);
    Ordered json = Optional(field.id, name.c_str(), std::move(type));
    if (name != field.name) json["iceberg-field-name"] = field.name;
    fields.push_back(std::move(json));
  }
  return Record("r102", std::move(fields));
}

}  // namespace

int DecimalBytes(int precision) {
  int bytes = 1;
  while (bytes < 16 && (Int128{1} << (8 * bytes - 1)) < PowerOfTen(precision)) ++bytes;
  return bytes;
}

std::string AvroName(std::string_view name) {
  std::string out;
  for (const char c : name) {
    const bool digit = c >= '0' && c <= '9';
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
    if (digit && out.empty())
      out += fmt::format("_{}", c);
    else if (digit || letter)
      out += c;
    else
      out += fmt::format("_x{:X}", static_cast<uint8_t>(c));
  }
  return out;
}

std::string ManifestListAvroSchema(int format_version) {
  Ordered summary = Record(
      "r508", {Required(509, "contains_null", "boolean"), Optional(518, "contains_nan", "boolean"),
               Optional(510, "lower_bound", "bytes"), Optional(511, "upper_bound", "bytes")});
  Ordered fields = {Required(500, "manifest_path", "string"),
                    Required(501, "manifest_length", "long"),
                    Required(502, "partition_spec_id", "int"),
                    Required(517, "content", "int"),
                    Required(515, "sequence_number", "long"),
                    Required(516, "min_sequence_number", "long"),
                    Required(503, "added_snapshot_id", "long"),
                    Required(504, "added_files_count", "int"),
                    Required(505, "existing_files_count", "int"),
                    Required(506, "deleted_files_count", "int"),
                    Required(512, "added_rows_count", "long"),
                    Required(513, "existing_rows_count", "long"),
                    Required(514, "deleted_rows_count", "long"),
                    Optional(507, "partitions", List(508, std::move(summary))),
                    Optional(519, "key_metadata", "bytes")};
  if (format_version >= 3) fields.push_back(Optional(520, "first_row_id", "long"));
  return Record("manifest_file", std::move(fields)).dump();
}

Result<std::string> ManifestAvroSchema(int format_version, const Type& partition) {
  Ordered record = TRY(PartitionRecord(partition));
  Ordered file = {Required(134, "content", "int"),
                  Required(100, "file_path", "string"),
                  Required(101, "file_format", "string"),
                  Required(102, "partition", std::move(record)),
                  Required(103, "record_count", "long"),
                  Required(104, "file_size_in_bytes", "long"),
                  Optional(108, "column_sizes", Map(117, 118, "long")),
                  Optional(109, "value_counts", Map(119, 120, "long")),
                  Optional(110, "null_value_counts", Map(121, 122, "long")),
                  Optional(137, "nan_value_counts", Map(138, 139, "long")),
                  Optional(125, "lower_bounds", Map(126, 127, "bytes")),
                  Optional(128, "upper_bounds", Map(129, 130, "bytes")),
                  Optional(131, "key_metadata", "bytes"),
                  Optional(132, "split_offsets", List(133, "long")),
                  Optional(135, "equality_ids", List(136, "int")),
                  Optional(140, "sort_order_id", "int")};
  if (format_version >= 3) file.push_back(Optional(142, "first_row_id", "long"));
  file.push_back(Optional(143, "referenced_data_file", "string"));
  if (format_version >= 3) {
    file.push_back(Optional(144, "content_offset", "long"));
    file.push_back(Optional(145, "content_size_in_bytes", "long"));
  }
  Ordered fields = {Required(0, "status", "int"), Optional(1, "snapshot_id", "long"),
                    Optional(3, "sequence_number", "long"),
                    Optional(4, "file_sequence_number", "long"),
                    Required(2, "data_file", Record("r2", std::move(file)))};
  return Record("manifest_entry", std::move(fields))
      .dump(-1, ' ', true, Ordered::error_handler_t::replace);
}

}  // namespace caudal::lake
