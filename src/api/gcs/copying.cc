#include <algorithm>
#include <array>

#include "api/gcs/conditions.h"
#include "api/gcs/errors.h"
#include "api/gcs/handlers.h"
#include "api/gcs/json_body.h"
#include "api/gcs/parameters.h"
#include "objects/resource.h"

namespace caudal::api::gcs {
namespace {

// Members of an object resource that say what the copy's metadata shall be.
bool HasMetadata(const Json& resource) {
  constexpr std::array<const char*, 10> kKeys = {
      "contentType", "contentEncoding", "contentDisposition", "contentLanguage", "cacheControl",
      "metadata",    "customTime",      "eventBasedHold",     "temporaryHold",   "retention"};
  return std::any_of(kKeys.begin(), kKeys.end(),
                     [&](const char* key) { return resource.contains(key); });
}

Result<objects::CopyRequest> CopyRequestOf(const Context& context, Request& request) {
  TRY(CheckAclParameters(request));
  objects::CopyRequest copy;
  copy.source = {request.Path("bucket"), request.Path("object"), std::nullopt};
  copy.source.generation = TRY(IntegerParameter(request, "sourceGeneration"));
  copy.source_preconditions = TRY(SourcePreconditionsOf(request));
  copy.destination.bucket = request.Path("destination_bucket");
  copy.destination.name = request.Path("destination");
  copy.destination.preconditions = TRY(PreconditionsOf(request));
  const Json resource = TRY(ReadJsonObject(context, request));
  // Given metadata replaces the source's; a storage class alone doesn't.
  copy.keep_metadata = !HasMetadata(resource);
  if (copy.keep_metadata && !resource.contains("storageClass")) return copy;
  TRY(objects::ApplyObjectResource(resource, false, copy.destination.metadata));
  if (!copy.keep_metadata && copy.destination.metadata.content_type.empty()) {
    const objects::Object source = TRY(context.store().Stat(copy.source));
    copy.destination.metadata.content_type = source.metadata.content_type;
  }
  return copy;
}

Result<objects::ComposeSource> SourceOf(const Json& json) {
  objects::ComposeSource source;
  if (!json.is_object() || !json.contains("name") || !json["name"].is_string())
    return InvalidValue("sourceObjects", "a list of objects with a name");
  source.name = json["name"].get<std::string>();
  const auto number = [](const Json& value, const char* field) -> Result<int64_t> {
    if (value.is_string()) return ParseInteger(value.get_ref<const std::string&>(), field);
    if (value.is_number_unsigned() && value.get<uint64_t>() <= uint64_t{INT64_MAX})
      return value.get<int64_t>();
    return InvalidValue(field, "an integer");
  };
  if (const auto g = json.find("generation"); g != json.end() && !g->is_null())
    source.generation = TRY(number(*g, "sourceObjects.generation"));
  if (const auto c = json.find("objectPreconditions"); c != json.end() && c->is_object()) {
    if (const auto match = c->find("ifGenerationMatch"); match != c->end() && !match->is_null())
      source.generation_match =
          TRY(number(*match, "sourceObjects.objectPreconditions.ifGenerationMatch"));
  }
  return source;
}

}  // namespace

Result<Response> ComposeObject(const Context& context, Request& request) {
  TRY(CheckAclParameters(request));
  const Json body = TRY(ReadJsonObject(context, request));
  objects::ComposeRequest compose;
  compose.destination.bucket = request.Path("bucket");
  compose.destination.name = request.Path("object");
  compose.destination.preconditions = TRY(PreconditionsOf(request));
  if (const auto metadata = body.find("destination"); metadata != body.end())
    TRY(objects::ApplyObjectResource(*metadata, false, compose.destination.metadata));
  const auto sources = body.find("sourceObjects");
  if (sources == body.end()) return Required("sourceObjects");
  if (!sources->is_array()) return InvalidValue("sourceObjects", "a list");
  for (const Json& source : *sources) compose.sources.push_back(TRY(SourceOf(source)));
  compose.delete_sources = TRY(BoolParameter(request, "deleteSourceObjects"));
  if (const auto remove = body.find("deleteSourceObjects");
      remove != body.end() && remove->is_boolean() && remove->get<bool>())
    compose.delete_sources = true;
  const objects::Object object = TRY(context.store().Compose(compose));
  return AnswerObject(request, object);
}

Result<Response> RewriteObject(const Context& context, Request& request) {
  const objects::CopyRequest copy = TRY(CopyRequestOf(context, request));
  const objects::Object object = TRY(context.store().Copy(copy));
  return Answer(request, {{"kind", "storage#rewriteResponse"},
                          {"totalBytesRewritten", std::to_string(object.size)},
                          {"objectSize", std::to_string(object.size)},
                          {"done", true},
                          {"resource", objects::ObjectResource(object, request.base_url)}});
}

Result<Response> CopyObject(const Context& context, Request& request) {
  const objects::CopyRequest copy = TRY(CopyRequestOf(context, request));
  const objects::Object object = TRY(context.store().Copy(copy));
  return AnswerObject(request, object);
}

Result<Response> MoveObject(const Context& context, Request& request) {
  objects::CopyRequest move;
  move.source = {request.Path("bucket"), request.Path("object"), std::nullopt};
  move.source_preconditions = TRY(SourcePreconditionsOf(request));
  move.destination.bucket = request.Path("bucket");
  move.destination.name = request.Path("destination");
  move.destination.preconditions = TRY(PreconditionsOf(request));
  move.remove_source = true;
  const objects::Object object = TRY(context.store().Copy(move));
  return AnswerObject(request, object);
}

Result<Response> RestoreObject(const Context& context, Request& request) {
  const std::optional<int64_t> generation = TRY(IntegerParameter(request, "generation"));
  if (!generation) return Required("generation");
  const objects::Preconditions conditions = TRY(PreconditionsOf(request));
  const objects::Object object = TRY(context.store().Restore(
      {request.Path("bucket"), request.Path("object"), generation}, conditions));
  return AnswerObject(request, object);
}

Result<Response> PostToObject(const Context& context, Request& request) {
  // The verb is found in the path as it was sent: only its slashes separate.
  const std::string& path = request.path;
  const size_t objects_at = path.find("/o/");  // no bucket is called "o"
  if (objects_at == std::string::npos) return Required("object");
  const std::string_view tail = std::string_view(path).substr(objects_at + 3);
  const auto call = [&](std::string_view object, std::string_view bucket,
                        std::string_view destination,
                        Result<Response> (*handler)(const Context&, Request&)) -> Result<Response> {
    const std::string own_bucket = request.Path("bucket");
    std::string object_name = TRY(http::PercentDecode(object));
    std::string bucket_name = TRY(http::PercentDecode(bucket));
    std::string destination_name = TRY(http::PercentDecode(destination));
    request.path_parameters = {{"bucket", own_bucket},
                               {"object", std::move(object_name)},
                               {"destination_bucket", std::move(bucket_name)},
                               {"destination", std::move(destination_name)}};
    return handler(context, request);
  };
  for (const auto& [verb, handler] : {std::pair{std::string_view("/rewriteTo/b/"), &RewriteObject},
                                      std::pair{std::string_view("/copyTo/b/"), &CopyObject}}) {
    const size_t at = tail.find(verb);
    if (at == std::string_view::npos) continue;
    const std::string_view rest = tail.substr(at + verb.size());
    const size_t name = rest.find("/o/");
    if (name == std::string_view::npos) continue;
    return call(tail.substr(0, at), rest.substr(0, name), rest.substr(name + 3), handler);
  }
  constexpr std::string_view kMove = "/moveTo/o/";
  if (const size_t at = tail.find(kMove); at != std::string_view::npos)
    return call(tail.substr(0, at), {}, tail.substr(at + kMove.size()), &MoveObject);
  for (const auto& [verb, handler] : {std::pair{std::string_view("/compose"), &ComposeObject},
                                      std::pair{std::string_view("/restore"), &RestoreObject}}) {
    if (tail.ends_with(verb))
      return call(tail.substr(0, tail.size() - verb.size()), {}, {}, handler);
  }
  if (tail == "bulkRestore") return Unsupported("bulkRestore: restore objects one by one.");
  if (tail == "watch") return Unsupported("watch: use notificationConfigs.");
  return MakeError(ErrorKind::kNotFound,
                   "An object takes POST only for compose, rewriteTo, copyTo, moveTo and restore.",
                   "http.no_route");
}

}  // namespace caudal::api::gcs
