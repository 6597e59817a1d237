#include "api/gcs/json_body.h"

#include "api/gcs/errors.h"
#include "api/gcs/parameters.h"
#include "api/gcs/transcoding.h"
#include "objects/resource.h"

namespace caudal::api::gcs {

Result<Json> ReadJson(const Context& context, const http::Request& request) {
  const std::string_view coding = request.headers.Get("Content-Encoding").value_or("");
  if (EqualsIgnoringCase(coding, "gzip")) {
    const std::string text = TRY(GunzipAll(request.body, context.options().json_bytes_max));
    return ParseJson(text, "request body");
  }
  if (!coding.empty() && !EqualsIgnoringCase(coding, "identity"))
    return InvalidValue("Content-Encoding", "gzip or identity");
  if (request.body.find_first_not_of(" \t\r\n") == std::string::npos) return Json::object();
  return ParseJson(request.body, "request body");
}

Result<Json> ReadJsonObject(const Context& context, const http::Request& request) {
  Json json = TRY(ReadJson(context, request));
  if (json.is_null()) return Json::object();
  if (!json.is_object()) return InvalidValue("the request body", "a JSON object");
  return json;
}

Result<http::Response> Answer(const http::Request& request, const Json& json, int status) {
  const auto selector = request.query.Get("fields");
  if (!selector) return http::Response::Json(status, DumpJson(json));
  const Fields fields = TRY(Fields::Parse(*selector));
  return http::Response::Json(status, DumpJson(fields.Filter(json)));
}

Result<http::Response> AnswerObject(const http::Request& request, const objects::Object& object) {
  http::Response response;
  if (request.query.Has("fields")) {
    response = TRY(Answer(request, objects::ObjectResource(object, request.base_url)));
  } else {
    std::string text;
    objects::AppendObjectResource(text, object, request.base_url);
    response = http::Response::Json(200, std::move(text));
  }
  response.headers.Add("ETag", objects::EtagOf(object));
  return response;
}

Result<http::Response> AnswerBucket(const http::Request& request, const objects::Bucket& bucket) {
  const Json json = objects::BucketResource(bucket, request.base_url);
  http::Response response = TRY(Answer(request, json));
  response.headers.Add("ETag", json["etag"].get<std::string>());
  return response;
}

}  // namespace caudal::api::gcs
