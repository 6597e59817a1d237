#include "lake/format/name_mapping.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <utility>

#include "lake/format/json_reader.h"

namespace caudal::lake {
namespace {

Result<std::vector<MappedField>> FieldsFromJson(const Json& json) {
  if (!json.is_array()) return MakeError(ErrorKind::kInvalid, "name mapping: it must be a list");
  std::vector<MappedField> fields;
  std::set<std::string> seen;
  for (const Json& one : json) {
    const JsonReader reader = TRY(JsonReader::Of(one, "name mapping"));
    MappedField field;
    const Json* names = TRY(reader.List("names"));
    for (const Json& name : *names) {
      if (!name.is_string()) return reader.Bad("names", "must be a list of strings");
      field.names.push_back(name.get<std::string>());
      if (!seen.insert(field.names.back()).second)
        return reader.Bad("names", fmt::format("has {} twice", DumpJson(name)));
    }
    field.field_id = TRY(reader.OptionalInt("field-id"));
    if (reader.Has("fields")) field.fields = TRY(FieldsFromJson(*reader.Find("fields")));
    fields.push_back(std::move(field));
  }
  return fields;
}

}  // namespace

Result<std::vector<MappedField>> ParseNameMapping(std::string_view json) {
  const Json parsed = TRY(ParseJson(json, "name mapping"));
  return FieldsFromJson(parsed);
}

const MappedField* FindByName(const std::vector<MappedField>& fields, std::string_view name) {
  for (const MappedField& field : fields)
    if (std::ranges::find(field.names, name) != field.names.end()) return &field;
  return nullptr;
}

}  // namespace caudal::lake
