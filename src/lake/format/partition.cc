#include "lake/format/partition.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <set>
#include <utility>

#include "lake/format/json_reader.h"
#include "lake/format/source_ids.h"

namespace caudal::lake {
namespace {

Type TypeOf(const PartitionField& field, const Schema& schema) {
  const Field* source = schema.Find(field.source_id());
  return field.transform.ResultType(source != nullptr ? source->type : Type(TypeKind::kUnknown));
}

Result<void> CheckField(const PartitionField& field, const Schema& schema) {
  const auto bad = [&](std::string_view why) {
    return MakeError(ErrorKind::kInvalid,
                     fmt::format("partition field \"{}\": {}", field.name, why));
  };
  if (!field.transform.known())
    return MakeError(ErrorKind::kUnsupported, fmt::format("partition field \"{}\": transform {}",
                                                          field.name, field.transform.Text()));
  const Field* source = schema.Find(field.source_id());
  if (source == nullptr) {
    if (field.transform.kind() == TransformKind::kVoid) return {};
    return bad(fmt::format("there is no column with id {}", field.source_id()));
  }
  if (!field.transform.Accepts(source->type))
    return bad(fmt::format("{} does not take values of type {}", field.transform.Text(),
                           source->type.Text()));
  const Field* parent = schema.ParentOf(source->id);
  for (; parent != nullptr; parent = schema.ParentOf(parent->id))
    if (!parent->type.Is(TypeKind::kStruct)) return bad("its column is inside a list or map");
  const Field* namesake = schema.FindByName(field.name);
  const bool plain = field.transform.kind() == TransformKind::kIdentity ||
                     field.transform.kind() == TransformKind::kVoid;
  if (namesake != nullptr && !(plain && namesake == source))
    return bad("a column has the same name");
  return {};
}

Result<PartitionField> FieldFromJson(const Json& json, int32_t& next_field_id) {
  const JsonReader reader = TRY(JsonReader::Of(json, "partition field"));
  PartitionField field;
  field.name = TRY(reader.Text("name"));
  const std::string transform = TRY(reader.Text("transform"));
  field.transform = TRY(Transform::Parse(transform));
  field.source_ids = TRY(ReadSourceIds(reader));
  if (field.source_ids.size() > 1 && field.transform.known())
    return reader.Bad("source-ids", "has several columns, the transform takes one");
  const auto id = TRY(reader.OptionalInt("field-id"));
  field.field_id = id.value_or(next_field_id);
  if (field.field_id < 0 || field.field_id == std::numeric_limits<int32_t>::max())
    return reader.Bad("field-id", "is out of range");
  next_field_id = std::max(next_field_id, field.field_id + 1);
  return field;
}

}  // namespace

bool PartitionField::SameAs(const PartitionField& other) const {
  return source_ids == other.source_ids && name == other.name && transform == other.transform;
}

bool PartitionSpec::unpartitioned() const {
  return std::ranges::all_of(fields, [](const PartitionField& field) {
    return field.transform.kind() == TransformKind::kVoid;
  });
}

bool PartitionSpec::known() const {
  return std::ranges::all_of(fields,
                             [](const PartitionField& field) { return field.transform.known(); });
}

int32_t PartitionSpec::highest_field_id() const {
  int32_t highest = kFirstFieldId - 1;
  for (const PartitionField& field : fields) highest = std::max(highest, field.field_id);
  return highest;
}

bool PartitionSpec::SameAs(const PartitionSpec& other) const {
  return std::ranges::equal(fields, other.fields,
                            [](const auto& a, const auto& b) { return a.SameAs(b); });
}

Type PartitionType(const PartitionSpec& spec, const Schema& schema) {
  std::vector<Field> fields;
  fields.reserve(spec.fields.size());
  for (const PartitionField& field : spec.fields) {
    Field part;
    part.id = field.field_id;
    part.name = field.name;
    part.type = TypeOf(field, schema);
    fields.push_back(std::move(part));
  }
  return Type::Struct(std::move(fields));
}

Result<void> CheckPartitionSpec(const PartitionSpec& spec, const Schema& schema) {
  std::set<std::string> names;
  std::set<int32_t> ids;
  std::set<std::pair<int32_t, std::string>> parts;
  for (const PartitionField& field : spec.fields) {
    const auto bad = [&](std::string_view why) {
      return MakeError(ErrorKind::kInvalid,
                       fmt::format("partition field \"{}\": {}", field.name, why));
    };
    if (field.name.empty()) return bad("its name is empty");
    if (!names.insert(field.name).second) return bad("another field has the same name");
    if (!ids.insert(field.field_id).second) return bad("another field has the same id");
    if (field.transform.kind() != TransformKind::kVoid &&
        !parts.emplace(field.source_id(), field.transform.Text()).second)
      return bad("another field has the same column and transform");
    TRY(CheckField(field, schema));
  }
  return {};
}

Json PartitionFieldsToJson(const PartitionSpec& spec) {
  Json fields = Json::array();
  for (const PartitionField& field : spec.fields) {
    Json json = {
        {"field-id", field.field_id}, {"name", field.name}, {"transform", field.transform.Text()}};
    if (field.source_ids.size() == 1)
      json["source-id"] = field.source_id();
    else
      json["source-ids"] = field.source_ids;
    fields.push_back(std::move(json));
  }
  return fields;
}

Json PartitionSpecToJson(const PartitionSpec& spec) {
  return {{"spec-id", spec.id}, {"fields", PartitionFieldsToJson(spec)}};
}

Result<PartitionSpec> PartitionFieldsFromJson(int32_t spec_id, const Json& fields,
                                              int32_t next_field_id) {
  if (!fields.is_array())
    return MakeError(ErrorKind::kInvalid, "partition spec: its fields must be a list");
  PartitionSpec spec;
  spec.id = spec_id;
  for (const Json& one : fields) {
    PartitionField field = TRY(FieldFromJson(one, next_field_id));
    spec.fields.push_back(std::move(field));
  }
  return spec;
}

Result<PartitionSpec> PartitionSpecFromJson(const Json& json, int32_t next_field_id) {
  const JsonReader reader = TRY(JsonReader::Of(json, "partition spec"));
  const auto id = TRY(reader.OptionalInt("spec-id"));
  const Json* fields = TRY(reader.List("fields"));
  return PartitionFieldsFromJson(id.value_or(0), *fields, next_field_id);
}

}  // namespace caudal::lake
