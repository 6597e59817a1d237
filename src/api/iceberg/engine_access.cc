#include "api/iceberg/engine_access.h"

#include <string>
#include <string_view>

namespace caudal::api::iceberg {
namespace {

constexpr std::string_view kGs = "gs://";
constexpr std::string_view kS3 = "s3://";
constexpr const char* kDataPath = "write.data.path";
constexpr const char* kMetadataPath = "write.metadata.path";
// pyarrow refuses a token without an end. "anon" has none: 2100-01-01.
constexpr const char* kNoEnd = "4102444800000";

bool IsDuckDb(const http::Request& request) {
  const auto agent = request.headers.Get("User-Agent");
  return agent && agent->starts_with("duckdb/");
}

std::string BearerOf(const http::Request& request) {
  constexpr std::string_view kBearer = "Bearer ";
  const auto header = request.headers.Get("Authorization");
  if (!request.principal.authenticated || !header || !header->starts_with(kBearer)) return "anon";
  return std::string(header->substr(kBearer.size()));
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

Json TableConfig(const http::Request& request) {
  if (IsDuckDb(request))
    return {
        {"s3.endpoint", request.base_url}, {"s3.path-style-access", "true"}, {"s3.region", "auto"}};
  return {{"gcs.service.host", request.base_url},
          {"gcs.oauth2.token", BearerOf(request)},
          {"gcs.oauth2.token-expires-at", kNoEnd}};
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
