#include "api/iceberg/engine_access.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "lake/files/paths.h"

namespace caudal::api::iceberg {
namespace {

constexpr std::string_view kGs = "gs://";
constexpr std::string_view kS3 = "s3://";
constexpr const char* kDataPath = "write.data.path";
constexpr const char* kMetadataPath = "write.metadata.path";
constexpr const char* kToken = "gcs.oauth2.token";
constexpr const char* kTokenEnd = "gcs.oauth2.token-expires-at";
// pyarrow refuses a token without an end. "anon" has none: 2100-01-01.
constexpr const char* kNoEnd = "4102444800000";

bool IsDuckDb(const http::Request& request) {
  const auto agent = request.headers.Get("User-Agent");
  return agent && agent->starts_with("duckdb/");
}

// "bucket/prefix/" of a gs:// URI of a folder.
void AddPlace(std::vector<std::string>& places, std::string_view uri) {
  while (uri.starts_with(' ')) uri.remove_prefix(1);
  while (uri.ends_with(' ') || uri.ends_with('/')) uri.remove_suffix(1);
  if (!uri.starts_with(kGs) || uri.size() == kGs.size()) return;
  std::string place = std::string(uri.substr(kGs.size())) + "/";
  const bool covered = std::ranges::any_of(
      places, [&](const std::string& other) { return place.starts_with(other); });
  if (!covered) places.push_back(std::move(place));
}

std::vector<std::string> PlacesOf(const lake::LoadedTable& table) {
  const lake::TableMetadata& metadata = *table.metadata;
  std::vector<std::string> places;
  AddPlace(places, metadata.location);
  AddPlace(places, lake::DataFolder(metadata));
  AddPlace(places, lake::MetadataFolder(metadata));
  AddPlace(places, table.metadata_location.substr(0, table.metadata_location.rfind('/') + 1));
  const auto more = metadata.properties.find(kPlacesProperty);
  if (more == metadata.properties.end()) return places;
  std::string_view left = more->second;
  while (!left.empty()) {
    const size_t comma = std::min(left.find(','), left.size());
    AddPlace(places, left.substr(0, comma));
    left.remove_prefix(std::min(comma + 1, left.size()));
  }
  return places;
}

// What a client that came with a key gets for the storage.
Result<Json> TokenFor(const http::Request& request, const lake::LoadedTable& table,
                      auth::KeyStore& keys, const Clock& clock) {
  const auth::AccessToken token = TRY(keys.Confine(request.principal.key_id, PlacesOf(table)));
  const int64_t end = clock.Now() / 1'000'000 + token.expires_in.count();
  return Json{{kToken, token.token}, {kTokenEnd, fmt::format("{}", end * 1000)}};
}

// As clients resolve it: below the catalogue's URI.
std::string CredentialsPath(const lake::TableName& name) {
  std::string space;
  for (const std::string& level : name.space) {
    if (!space.empty()) space += '\x1f';
    space += level;
  }
  return fmt::format("v1/namespaces/{}/tables/{}/credentials", http::PercentEncode(space),
                     http::PercentEncode(name.name));
}

std::string Replaced(const std::string& location, std::string_view from, std::string_view to) {
  if (!location.starts_with(from)) return location;
  return std::string(to) + location.substr(from.size());
}

// Empty where there is none, or where it is no text: JSON that a client sends may be anything.
std::string TextAt(const Json& object, const char* member) {
  const auto found = object.find(member);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

// Properties that AdaptMetadata made, and nobody else.
void DropMadePaths(Json& properties) {
  if (!properties.is_object()) return;
  const std::string data = TextAt(properties, kDataPath);
  if (!data.starts_with(kGs) || TextAt(properties, kMetadataPath) != data + "/metadata") return;
  properties.erase(kDataPath);
  properties.erase(kMetadataPath);
}

void RestoreLocation(Json& object) {
  if (object.contains("location") && object["location"].is_string())
    object["location"] = Replaced(object["location"].get<std::string>(), kS3, kGs);
}

}  // namespace

Result<Json> TableConfig(const http::Request& request, const lake::LoadedTable& table,
                         auth::KeyStore& keys, const Clock& clock) {
  if (IsDuckDb(request))
    return Json{
        {"s3.endpoint", request.base_url}, {"s3.path-style-access", "true"}, {"s3.region", "auto"}};
  Json config = {{"gcs.service.host", request.base_url}, {kToken, "anon"}, {kTokenEnd, kNoEnd}};
  if (request.principal.key_id.empty()) return config;
  config.update(TRY(TokenFor(request, table, keys, clock)));
  config["gcs.oauth2.refresh-credentials-endpoint"] = CredentialsPath(table.name);
  return config;
}

Result<Json> TableCredentials(const http::Request& request, const lake::LoadedTable& table,
                              auth::KeyStore& keys, const Clock& clock) {
  Json credentials = Json::array();
  if (!request.principal.key_id.empty() && !IsDuckDb(request)) {
    Json config = TRY(TokenFor(request, table, keys, clock));
    credentials.push_back({{"prefix", "gs"}, {"config", std::move(config)}});
  }
  return Json{{"storage-credentials", std::move(credentials)}};
}

void AdaptMetadata(const http::Request& request, Json& metadata) {
  if (!IsDuckDb(request)) return;
  const std::string location = TextAt(metadata, "location");
  if (!location.starts_with(kGs)) return;
  Json& properties = metadata["properties"];
  if (!properties.is_object()) properties = Json::object();
  if (!properties.contains(kDataPath) && !properties.contains(kMetadataPath)) {
    properties[kDataPath] = location;
    properties[kMetadataPath] = location + "/metadata";
  }
  metadata["location"] = Replaced(location, kGs, kS3);
}

void UndoAdaption(const http::Request& request, Json& body) {
  if (!IsDuckDb(request)) return;
  RestoreLocation(body);
  if (body.contains("properties")) DropMadePaths(body["properties"]);
  if (!body.contains("updates") || !body["updates"].is_array()) return;
  for (Json& update : body["updates"]) {
    if (!update.is_object()) continue;
    RestoreLocation(update);
    if (update.contains("updates")) DropMadePaths(update["updates"]);
  }
}

}  // namespace caudal::api::iceberg
