#include "api/gcs/errors.h"

#include <fmt/format.h>

#include "api/gcs/xml_writer.h"
#include "data/json.h"

namespace caudal::api::gcs {
namespace {

struct CodeRow {
  std::string_view code;
  Verdict verdict;
};

// Errors whose code says more than their kind.
constexpr CodeRow kByCode[] = {
    {"bucket.not_found", {404, "notFound", "NoSuchBucket"}},
    {"object.not_found", {404, "notFound", "NoSuchKey"}},
    {"upload.not_found", {404, "notFound", "NoSuchUpload"}},
    {"upload.gone", {410, "gone", "NoSuchUpload"}},
    {"upload.complete", {409, "conflict", "InvalidRequest"}},
    {"upload.taken_over", {503, "backendError", "ServiceUnavailable"}},
    {"bucket.not_empty", {409, "conflict", "BucketNotEmpty"}},
    {"object.held", {403, "objectUnderActiveHold", "ObjectUnderActiveHold"}},
    {"object.retained", {403, "retentionPolicyNotMet", "RetentionPolicyNotMet"}},
    {"not_modified", {304, "notModified", "NotModified"}},
    {"range.unsatisfiable", {416, "requestedRangeNotSatisfiable", "InvalidRange"}},
    {"field.required", {400, "required", "InvalidArgument"}},
    {"checksum.mismatch", {400, "invalid", "BadDigest"}},
    {"xml.malformed", {400, "invalid", "MalformedXML"}},
    {"signature.mismatch", {403, "forbidden", "SignatureDoesNotMatch"}},
    {"signature.expired", {403, "forbidden", "ExpiredToken"}},
    {"http.no_route", {404, "notFound", "NoSuchKey"}},
    {"http.method_not_allowed", {405, "methodNotAllowed", "MethodNotAllowed"}},
    {"http.body_too_large", {413, "uploadTooLarge", "EntityTooLarge"}},
    {"body.too_large", {413, "uploadTooLarge", "EntityTooLarge"}},
};

Verdict VerdictOfKind(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::kInvalid:
      return {400, "invalid", "InvalidArgument"};
    case ErrorKind::kNotFound:
      return {404, "notFound", "NoSuchKey"};
    case ErrorKind::kAlreadyExists:
      return {409, "conflict", "BucketAlreadyOwnedByYou"};
    case ErrorKind::kPrecondition:
      return {412, "conditionNotMet", "PreconditionFailed"};
    case ErrorKind::kConflict:
      return {409, "conflict", "OperationAborted"};
    case ErrorKind::kUnauthenticated:
      return {401, "required", "AuthenticationRequired"};
    case ErrorKind::kDenied:
      return {403, "forbidden", "AccessDenied"};
    case ErrorKind::kUnsupported:
      return {501, "notImplemented", "NotImplemented"};
    case ErrorKind::kLimit:
      return {429, "rateLimitExceeded", "SlowDown"};
    case ErrorKind::kDiskFull:
      return {507, "insufficientStorage", "InsufficientStorage"};
    case ErrorKind::kUnavailable:
      return {503, "backendError", "ServiceUnavailable"};
    case ErrorKind::kTimeout:
      return {503, "backendError", "ServiceUnavailable"};
    case ErrorKind::kCancelled:
      return {499, "clientClosedRequest", "RequestTimeout"};
    case ErrorKind::kUnknownOutcome:
      return {503, "backendError", "ServiceUnavailable"};
    case ErrorKind::kCorrupt:
    case ErrorKind::kInternal:
      break;
  }
  return {500, "internalError", "InternalError"};
}

void AddRetryAfter(const Verdict& verdict, http::Response& response) {
  if (verdict.status == 429 || verdict.status == 503) response.headers.Add("Retry-After", "1");
}

// Where the fault lies, for the errors where clients look.
void AddLocation(const Verdict& verdict, Json& item) {
  if (verdict.status == 401) {
    item["locationType"] = "header";
    item["location"] = "Authorization";
  } else if (verdict.status == 412) {
    item["locationType"] = "header";
    item["location"] = "If-Match";
  }
}

}  // namespace

Verdict VerdictOf(const Error& error) {
  if (!error.code.empty()) {
    for (const CodeRow& row : kByCode) {
      if (row.code == error.code) return row.verdict;
    }
    if (error.code.starts_with("signature.") && error.Is(ErrorKind::kDenied))
      return {403, "forbidden", "AccessDenied"};
  }
  return VerdictOfKind(error.kind);
}

http::Response RenderJsonError(const Error& error, const http::Request&) {
  const Verdict verdict = VerdictOf(error);
  if (verdict.status == 304) return http::Response::Empty(304);
  Json item = {
      {"domain", "global"}, {"reason", std::string(verdict.reason)}, {"message", error.message}};
  AddLocation(verdict, item);
  const Json body = {{"error",
                      {{"code", verdict.status},
                       {"message", error.message},
                       {"errors", Json::array({std::move(item)})}}}};
  http::Response response = http::Response::Json(verdict.status, DumpJson(body));
  if (verdict.status == 401) response.headers.Add("WWW-Authenticate", "Bearer realm=\"caudal\"");
  AddRetryAfter(verdict, response);
  return response;
}

http::Response RenderXmlError(const Error& error, const http::Request&) {
  const Verdict verdict = VerdictOf(error);
  if (verdict.status == 304) return http::Response::Empty(304);
  XmlWriter xml;
  xml.Open("Error");
  xml.Text("Code", verdict.xml_code);
  xml.Text("Message", error.message);
  xml.Text("Details", error.message);
  xml.Close("Error");
  http::Response response =
      http::Response::Text(verdict.status, std::move(xml).Take(), "application/xml; charset=UTF-8");
  AddRetryAfter(verdict, response);
  return response;
}

Error InvalidValue(std::string_view name, std::string_view expected) {
  return MakeError(ErrorKind::kInvalid,
                   fmt::format("Invalid value for {}: expected {}.", name, expected),
                   "field.invalid");
}

Error Required(std::string_view name) {
  return MakeError(ErrorKind::kInvalid, fmt::format("Required: {} is missing.", name),
                   "field.required");
}

Error Unsupported(std::string message) {
  return MakeError(ErrorKind::kUnsupported, std::move(message), "not_implemented");
}

}  // namespace caudal::api::gcs
