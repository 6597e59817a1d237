#include "api/iceberg/table_json.h"

#include <fmt/format.h>

#include <set>

#include "api/iceberg/engine_access.h"
#include "data/digest.h"

namespace caudal::api::iceberg {

Json TableJson(const http::Request& request, const lake::LoadedTable& table, Json config) {
  Json metadata = lake::TableMetadataToJson(*table.metadata);
  AdaptMetadata(request, metadata);
  Json json = {{"metadata", std::move(metadata)}};
  if (!config.is_null()) json["config"] = std::move(config);
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

std::string EtagOf(const lake::LoadedTable& table, const Json& config, bool refs_only) {
  Md5 md5;
  md5.Update(table.metadata_location);
  md5.Update(refs_only ? "refs" : "all");
  md5.Update(DumpJson(config));
  const Md5Digest digest = md5.Finish();
  return "W/\"" + EncodeBase64({digest.data(), digest.size()}) + "\"";
}

}  // namespace caudal::api::iceberg
