#include "api/iceberg/bodies.h"

#include <fmt/format.h>

#include <string_view>
#include <utility>

#include "api/iceberg/engine_access.h"
#include "data/json.h"
#include "lake/format/schema_json.h"

namespace caudal::api::iceberg {
namespace {

Result<Json> ObjectBody(const http::Request& request) {
  Json json = TRY(ParseJson(request.body, "request body"));
  if (!json.is_object())
    return MakeError(ErrorKind::kInvalid, "the request body must be a JSON object");
  return json;
}

// Members: absent ones are empty.

Result<std::string> OptionalText(const Json& body, const char* member) {
  if (!body.contains(member) || body[member].is_null()) return std::string();
  if (!body[member].is_string())
    return MakeError(ErrorKind::kInvalid, fmt::format("'{}' must be a text", member));
  return body[member].get<std::string>();
}

Result<lake::Properties> TextMap(const Json& body, const char* member) {
  lake::Properties properties;
  if (!body.contains(member) || body[member].is_null()) return properties;
  if (!body[member].is_object())
    return MakeError(ErrorKind::kInvalid, fmt::format("'{}' must be an object of texts", member));
  for (const auto& [key, value] : body[member].items()) {
    if (!value.is_string())
      return MakeError(ErrorKind::kInvalid, fmt::format("'{}.{}' must be a text", member, key));
    properties[key] = value.get<std::string>();
  }
  return properties;
}

Result<std::vector<std::string>> Texts(const Json& body, const char* member) {
  std::vector<std::string> texts;
  if (!body.contains(member) || body[member].is_null()) return texts;
  const auto wrong = [&] {
    return MakeError(ErrorKind::kInvalid, fmt::format("'{}' must be a list of texts", member));
  };
  if (!body[member].is_array()) return wrong();
  for (const Json& one : body[member]) {
    if (!one.is_string()) return wrong();
    texts.push_back(one.get<std::string>());
  }
  return texts;
}

bool IsTrue(const Json& body, const char* member) {
  const auto found = body.find(member);
  return found != body.end() && *found == true;
}

Result<lake::TableName> Identifier(const Json& body, const char* member) {
  const auto wrong = [&] {
    return MakeError(
        ErrorKind::kInvalid,
        fmt::format("'{}' must be {{\"namespace\": [\"…\"], \"name\": \"…\"}}", member));
  };
  const Json& json = body.contains(member) ? body[member] : Json();
  if (!json.is_object() || !json.contains("namespace") || !json["namespace"].is_array() ||
      !json.contains("name") || !json["name"].is_string())
    return wrong();
  lake::TableName name;
  for (const Json& level : json["namespace"]) {
    if (!level.is_string()) return wrong();
    name.space.push_back(level.get<std::string>());
  }
  name.name = json["name"].get<std::string>();
  TRY(lake::CheckLevels(name.space));
  TRY(lake::CheckPart("table name", name.name));
  return name;
}

Result<lake::TableChange> ChangeFrom(const lake::TableName& name, const Json& body) {
  lake::TableChange change;
  change.name = name;
  if (!body.contains("requirements") || !body.contains("updates"))
    return MakeError(ErrorKind::kInvalid, "a commit needs 'requirements' and 'updates'");
  change.requirements = body["requirements"];
  change.updates = body["updates"];
  return change;
}

}  // namespace

Result<NamespaceToCreate> ReadNamespaceToCreate(const http::Request& request) {
  const Json body = TRY(ObjectBody(request));
  NamespaceToCreate space;
  space.levels = TRY(Texts(body, "namespace"));
  space.properties = TRY(TextMap(body, "properties"));
  return space;
}

Result<PropertiesToChange> ReadPropertiesToChange(const http::Request& request) {
  const Json body = TRY(ObjectBody(request));
  PropertiesToChange change;
  change.removals = TRY(Texts(body, "removals"));
  change.updates = TRY(TextMap(body, "updates"));
  return change;
}

Result<TableToCreate> ReadTableToCreate(const http::Request& request) {
  Json body = TRY(ObjectBody(request));
  UndoAdaption(request, body);
  TableToCreate create;
  create.name = TRY(OptionalText(body, "name"));
  TRY(lake::CheckPart("table name", create.name));
  if (!body.contains("schema")) return MakeError(ErrorKind::kInvalid, "'schema' is missing");
  create.table.schema = TRY(lake::SchemaFromJson(body["schema"]));
  if (body.contains("partition-spec") && !body["partition-spec"].is_null())
    create.table.spec = TRY(lake::PartitionSpecFromJson(body["partition-spec"]));
  if (body.contains("write-order") && !body["write-order"].is_null())
    create.table.order = TRY(lake::SortOrderFromJson(body["write-order"]));
  create.table.location = TRY(OptionalText(body, "location"));
  create.table.properties = TRY(TextMap(body, "properties"));
  create.stage = IsTrue(body, "stage-create");
  return create;
}

Result<TableToRegister> ReadTableToRegister(const http::Request& request) {
  const Json body = TRY(ObjectBody(request));
  TableToRegister table;
  table.name = TRY(OptionalText(body, "name"));
  table.metadata_location = TRY(OptionalText(body, "metadata-location"));
  table.overwrite = IsTrue(body, "overwrite");
  return table;
}

Result<TableToRename> ReadTableToRename(const http::Request& request) {
  const Json body = TRY(ObjectBody(request));
  TableToRename rename;
  rename.from = TRY(Identifier(body, "source"));
  rename.to = TRY(Identifier(body, "destination"));
  return rename;
}

Result<lake::TableChange> ReadCommit(const lake::TableName& name, const http::Request& request) {
  Json body = TRY(ObjectBody(request));
  UndoAdaption(request, body);
  if (body.contains("identifier") && !body["identifier"].is_null()) {
    const lake::TableName named = TRY(Identifier(body, "identifier"));
    if (named != name)
      return MakeError(ErrorKind::kInvalid, "'identifier' names another table than the path");
  }
  return ChangeFrom(name, body);
}

Result<std::vector<lake::TableChange>> ReadTransaction(const http::Request& request) {
  Json body = TRY(ObjectBody(request));
  if (!body.contains("table-changes") || !body["table-changes"].is_array())
    return MakeError(ErrorKind::kInvalid, "'table-changes' must be a list");
  std::vector<lake::TableChange> changes;
  for (Json& one : body["table-changes"]) {
    if (!one.is_object())
      return MakeError(ErrorKind::kInvalid, "'table-changes' must be a list of objects");
    UndoAdaption(request, one);
    const lake::TableName name = TRY(Identifier(one, "identifier"));
    lake::TableChange change = TRY(ChangeFrom(name, one));
    changes.push_back(std::move(change));
  }
  return changes;
}

Result<void> CheckMetrics(const http::Request& request) {
  TRY(ObjectBody(request));
  return {};
}

}  // namespace caudal::api::iceberg
