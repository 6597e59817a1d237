#include "lake/format/schema_json.h"

#include <fmt/format.h>

#include <utility>

#include "lake/format/bounds.h"
#include "lake/format/json_reader.h"

namespace caudal::lake {
namespace {

Json FieldToJson(const Field& field) {
  Json json = {{"id", field.id},
               {"name", field.name},
               {"required", field.required},
               {"type", TypeToJson(field.type)}};
  if (!field.doc.empty()) json["doc"] = field.doc;
  // The text was parsed, or made by ValueToJson.
  if (field.initial_default)
    json["initial-default"] = Json::parse(*field.initial_default, nullptr, false);
  if (field.write_default)
    json["write-default"] = Json::parse(*field.write_default, nullptr, false);
  return json;
}

// Text of a default; nested ones are only kept, since their forms depend on engines.
Result<std::optional<std::string>> ReadDefault(const JsonReader& reader, const char* key,
                                               const Type& type) {
  const Json* found = reader.Find(key);
  if (found == nullptr) return std::optional<std::string>();
  if (!type.nested()) {
    const auto value = ValueFromJson(type, *found);
    if (!value.ok()) return reader.Bad(key, value.error().message);
  }
  return std::optional<std::string>(DumpJson(*found));
}

Result<Field> FieldFromJson(const Json& json) {
  const JsonReader reader = TRY(JsonReader::Of(json, "schema field"));
  Field field;
  field.name = TRY(reader.Text("name"));
  field.id = TRY(reader.Int("id"));
  const std::string what = fmt::format("schema field \"{}\"", field.name);
  const JsonReader named = TRY(JsonReader::Of(json, what));
  field.required = TRY(named.Bool("required"));
  const Json* type = TRY(named.Require("type"));
  field.type = TRY(TypeFromJson(*type));
  const auto doc = TRY(named.OptionalText("doc"));
  field.doc = doc.value_or("");
  field.initial_default = TRY(ReadDefault(named, "initial-default", field.type));
  field.write_default = TRY(ReadDefault(named, "write-default", field.type));
  return field;
}

Result<std::vector<Field>> FieldsFromJson(const JsonReader& reader) {
  const Json* list = TRY(reader.List("fields"));
  std::vector<Field> fields;
  fields.reserve(list->size());
  for (const Json& one : *list) {
    Field field = TRY(FieldFromJson(one));
    fields.push_back(std::move(field));
  }
  return fields;
}

Result<Field> Part(const JsonReader& reader, const char* id, const char* type,
                   const char* required) {
  Field field;
  field.id = TRY(reader.Int(id));
  if (required != nullptr) field.required = TRY(reader.Bool(required));
  const Json* json = TRY(reader.Require(type));
  field.type = TRY(TypeFromJson(*json));
  return field;
}

}  // namespace

Json TypeToJson(const Type& type) {
  switch (type.kind()) {
    case TypeKind::kStruct: {
      Json fields = Json::array();
      for (const Field& field : type.fields()) fields.push_back(FieldToJson(field));
      return {{"type", "struct"}, {"fields", std::move(fields)}};
    }
    case TypeKind::kList:
      return {{"type", "list"},
              {"element-id", type.element().id},
              {"element-required", type.element().required},
              {"element", TypeToJson(type.element().type)}};
    case TypeKind::kMap:
      return {{"type", "map"},
              {"key-id", type.key().id},
              {"key", TypeToJson(type.key().type)},
              {"value-id", type.value().id},
              {"value-required", type.value().required},
              {"value", TypeToJson(type.value().type)}};
    default:
      return type.Text();
  }
}

Result<Type> TypeFromJson(const Json& json) {
  if (json.is_string()) return ParsePrimitiveType(json.get<std::string>());
  const JsonReader reader = TRY(JsonReader::Of(json, "type"));
  const std::string kind = TRY(reader.Text("type"));
  if (kind == "struct") {
    std::vector<Field> fields = TRY(FieldsFromJson(reader));
    return Type::Struct(std::move(fields));
  }
  if (kind == "list") {
    Field element = TRY(Part(reader, "element-id", "element", "element-required"));
    return Type::List(std::move(element));
  }
  if (kind == "map") {
    Field key = TRY(Part(reader, "key-id", "key", nullptr));
    Field value = TRY(Part(reader, "value-id", "value", "value-required"));
    return Type::Map(std::move(key), std::move(value));
  }
  return ParsePrimitiveType(kind);
}

Json SchemaToJson(const Schema& schema) {
  Json json = TypeToJson(schema.type());
  json["schema-id"] = schema.id();
  if (!schema.identifier_field_ids().empty())
    json["identifier-field-ids"] = schema.identifier_field_ids();
  return json;
}

Result<Schema> SchemaFromJson(const Json& json) {
  const JsonReader reader = TRY(JsonReader::Of(json, "schema"));
  const auto id = TRY(reader.OptionalInt("schema-id"));
  std::vector<int32_t> identifiers = TRY(reader.OptionalInts("identifier-field-ids"));
  std::vector<Field> fields = TRY(FieldsFromJson(reader));
  return Schema::Make(id.value_or(0), std::move(fields), std::move(identifiers));
}

}  // namespace caudal::lake
