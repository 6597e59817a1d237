#include "api/gcs/xml_routes.h"

#include "api/gcs/errors.h"
#include "api/gcs/parameters.h"
#include "api/gcs/payload_check.h"
#include "api/gcs/xml_handlers.h"

namespace caudal::api::gcs {
namespace {

constexpr uint64_t kBodyBytesMax = 4u << 20;  // 10,000 parts of an upload to complete

// Routes of "/{bucket}" have no object in their path.
void NameNoObject(Request& request) {
  if (request.path_parameters.size() == 1) request.path_parameters.emplace_back("object", "");
}

Result<Response> Get(const Context& context, Request& request) {
  NameNoObject(request);
  return XmlGetObject(context, request);
}

Result<Response> Delete(const Context& context, Request& request) {
  NameNoObject(request);
  return XmlDeleteObject(context, request);
}

Result<SinkPtr> Put(const Context& context, Request& request) {
  NameNoObject(request);
  return XmlPutObject(context, request);
}

Result<Response> Post(const Context& context, Request& request) {
  NameNoObject(request);
  if (request.query.Has("upload_id"))
    return InvalidValue("the method", "PUT to continue an upload");
  PayloadCheck check = TRY(PayloadCheck::Of(request));
  check.Update(request.body);
  TRY(check.Finish());
  if (request.Path("object").empty()) {
    if (request.query.Has("delete")) return XmlDeleteMany(context, request);
    return Unsupported("Uploads by HTML form aren't supported: use PUT with a signed URL.");
  }
  if (request.query.Has("uploads")) return XmlStartMultipart(context, request);
  if (request.query.Has("uploadId")) return XmlCompleteMultipart(context, request);
  if (EqualsIgnoringCase(request.headers.Get("x-goog-resumable").value_or(""), "start"))
    return XmlStartResumable(context, request);
  return InvalidValue("POST", "?uploads, ?uploadId=… or the header x-goog-resumable: start");
}

}  // namespace

Response XmlAnswer(std::string xml) {
  return Response::Text(200, std::move(xml), "application/xml; charset=UTF-8");
}

Result<void> RefuseSubresources(const Request& request) {
  for (const char* name : {"acl",
                           "cors",
                           "lifecycle",
                           "logging",
                           "website",
                           "tagging",
                           "policy",
                           "encryption",
                           "billing",
                           "compose",
                           "retention",
                           "object-lock",
                           "notification",
                           "replication",
                           "torrent",
                           "publicAccessBlock",
                           "ownershipControls",
                           "requestPayment",
                           "accelerate",
                           "analytics",
                           "inventory",
                           "metrics",
                           "attributes",
                           "restore",
                           "select",
                           "legal-hold",
                           "versioning"}) {
    if (request.query.Has(name))
      return Unsupported(std::string("The sub-resource ?") + name +
                         " isn't supported in the XML API; see the JSON API.");
  }
  return {};
}

std::optional<std::string_view> FamilyHeader(const Request& request, const std::string& name) {
  if (const auto value = request.headers.Get("x-goog-" + name)) return value;
  return request.headers.Get("x-amz-" + name);
}

std::optional<int64_t> VersionOf(const Request& request) {
  for (const char* name : {"generation", "versionId"}) {
    const auto text = request.query.Get(name);
    if (!text || text->empty()) continue;
    const Result<int64_t> number = ParseInteger(*text, name);
    return number.ok() ? *number : -1;  // no version: such a one doesn't exist
  }
  return std::nullopt;
}

void AddXmlRoutes(http::Router& router, const std::shared_ptr<const Context>& context) {
  const auto add = [&](http::Method method, const char* pattern, const char* action,
                       std::variant<http::Handler, http::StreamHandler> handler, http::RunOn run_on,
                       uint64_t body_bytes_max) {
    http::Route route;
    route.method = method;
    route.pattern = pattern;
    route.action = action;
    route.handler = std::move(handler);
    route.run_on = run_on;
    route.body_bytes_max = body_bytes_max;
    route.style = &context->xml_style;
    router.Add(std::move(route));
  };
  const auto plain = [&](Result<Response> (*function)(const Context&, Request&)) {
    return http::Handler([context, function](Request& request) {
      return function(*ContextFor(context, request), request);
    });
  };
  const http::StreamHandler put = [context](Request& request) {
    const ContextPtr seen = ContextFor(context, request);
    return KeepingContext(seen, context, Put(*seen, request));
  };
  using enum http::Method;
  using http::RunOn;
  const uint64_t stream_max = context->options().object_bytes_max;
  add(kGet, "/{bucket}", "storage.objects.list", plain(Get), RunOn::kPool, 0);
  add(kPut, "/{bucket}", "storage.buckets.create", put, RunOn::kPool,
      context->options().json_bytes_max);
  add(kPost, "/{bucket}", "storage.objects.delete", plain(Post), RunOn::kPool, kBodyBytesMax);
  add(kDelete, "/{bucket}", "storage.buckets.delete", plain(Delete), RunOn::kPool, kBodyBytesMax);
  const char* object = "/{bucket}/{object*}";
  add(kGet, object, "storage.objects.get", plain(Get), RunOn::kIo, 0);
  add(kPut, object, "storage.objects.upload", put, RunOn::kPool, stream_max);
  add(kPost, object, "storage.objects.upload", plain(Post), RunOn::kPool, kBodyBytesMax);
  add(kDelete, object, "storage.objects.delete", plain(Delete), RunOn::kPool, kBodyBytesMax);
}

}  // namespace caudal::api::gcs
