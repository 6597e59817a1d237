#include "api/admin/handlers.h"

#include <charconv>

#include "data/timestamp.h"

namespace caudal::api::admin {

const http::ApiStyle& Style() {
  static const http::ApiStyle style{
      "admin", [](const Error& error, const http::Request&) {
        const int status = http::StatusOf(error.kind);
        const std::string reason =
            error.code.empty() ? std::string(NameOf(error.kind)) : error.code;
        http::Response response = JsonResponse(
            {{"error", {{"code", status}, {"message", error.message}, {"reason", reason}}}},
            status);
        if (status == 401) response.headers.Set("WWW-Authenticate", "Bearer realm=\"caudal\"");
        if (status == 503) response.headers.Set("Retry-After", "1");
        return response;
      }};
  return style;
}

void Add(http::Router& router, http::Method method, std::string pattern, std::string action,
         http::Handler handler, http::RunOn run_on) {
  http::Route route;
  route.method = method;
  route.pattern = std::move(pattern);
  route.action = std::move(action);
  route.handler = std::move(handler);
  route.run_on = run_on;
  route.body_bytes_max = 64u << 10;
  route.style = &Style();
  router.Add(std::move(route));
}

http::Response JsonResponse(const Json& json, int status) {
  http::Response response = http::Response::Json(status, DumpJson(json));
  response.headers.Set("Cache-Control", "no-store");
  return response;
}

Result<int64_t> IntParameter(const http::Request& request, std::string_view name, int64_t fallback,
                             int64_t min, int64_t max) {
  const auto text = request.query.Get(name);
  if (!text) return fallback;
  int64_t value = 0;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), value);
  if (error != std::errc() || end != text->data() + text->size() || value < min || value > max)
    return MakeError(ErrorKind::kInvalid, "the parameter '" + std::string(name) +
                                              "' must be a whole number from " +
                                              std::to_string(min) + " to " + std::to_string(max));
  return value;
}

Result<bool> FlagParameter(const http::Request& request, std::string_view name, bool fallback) {
  const auto text = request.query.Get(name);
  if (!text) return fallback;
  if (*text == "true" || *text == "1" || text->empty()) return true;
  if (*text == "false" || *text == "0") return false;
  return MakeError(ErrorKind::kInvalid,
                   "the parameter '" + std::string(name) + "' must be true or false");
}

std::string TextParameter(const http::Request& request, std::string_view name) {
  return std::string(request.query.Get(name).value_or(""));
}

Result<Json> ObjectBody(const http::Request& request) {
  if (request.body.empty()) return Json(Json::object());
  Json body = TRY(ParseJson(request.body, "request body"));
  if (!body.is_object())
    return MakeError(ErrorKind::kInvalid, "the request body must be a JSON object");
  return body;
}

Result<std::string> TextMember(const Json& object, const char* name) {
  const auto found = object.find(name);
  if (found == object.end() || found->is_null()) return std::string();
  if (!found->is_string())
    return MakeError(ErrorKind::kInvalid, "'" + std::string(name) + "' must be text");
  return found->get<std::string>();
}

Json EventJson(const events::Event& event, bool with_resource) {
  Json json = {{"sequence", event.sequence},
               {"id", event.id},
               {"type", events::NotificationName(event.type)},
               {"bucket", event.bucket},
               {"object", event.object},
               {"generation", std::to_string(event.generation)},
               {"metageneration", std::to_string(event.metageneration)},
               {"time", FormatRfc3339(event.time, 6)}};
  if (event.overwrote_generation)
    json["overwroteGeneration"] = std::to_string(*event.overwrote_generation);
  if (event.overwritten_by_generation)
    json["overwrittenByGeneration"] = std::to_string(*event.overwritten_by_generation);
  if (with_resource) {
    Result<Json> resource = ParseJson(event.resource, "event resource");
    if (resource.ok()) json["resource"] = std::move(*resource);
  }
  return json;
}

}  // namespace caudal::api::admin
