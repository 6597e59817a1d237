#include "api/iceberg/table_json.h"

#include <fmt/format.h>

#include <set>

#include "api/iceberg/engine_access.h"
#include "data/digest.h"

namespace caudal::api::iceberg {

Json TableJson(const http::Request& request, const lake::LoadedTable& table) {
  Json metadata = lake::TableMetadataToJson(*table.metadata);
  AdaptMetadata(request, metadata);
  Json json = {{"metadata", std::move(metadata)}, {"config", TableConfig(request)}};
  if (!table.metadata_location.empty()) json["metadata-location"] = table.metadata_location;
  return json;
}

void KeepReferencedSnapshots(Json& metadata) {
  if (!metadata.contains("refs") || !metadata.contains("snapshots")) return;
  std::set<int64_t> referenced;
  for (const auto& [name, ref] : metadata["refs"].items())
    referenced.insert(ref.value("snapshot-id", int64_t{-1}));
  Json kept = Json::array();
  for (Json& snapshot : metadata["snapshots"])
    if (referenced.contains(snapshot.value("snapshot-id", int64_t{-1})))
      kept.push_back(std::move(snapshot));
  metadata["snapshots"] = std::move(kept);
}

std::string EtagOf(const http::Request& request, const lake::LoadedTable& table, bool refs_only) {
  Md5 md5;
  md5.Update(table.metadata_location);
  md5.Update(refs_only ? "refs" : "all");
  md5.Update(DumpJson(TableConfig(request)));
  const Md5Digest digest = md5.Finish();
  return "W/\"" + EncodeBase64({digest.data(), digest.size()}) + "\"";
}

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

}  // namespace caudal::api::iceberg
