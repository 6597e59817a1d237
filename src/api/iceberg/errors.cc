#include "api/iceberg/errors.h"

#include <string>
#include <string_view>

#include "data/json.h"

namespace caudal::api::iceberg {
namespace {

struct Verdict {
  int status;
  std::string_view type;
};

struct CodeRow {
  std::string_view code;
  Verdict verdict;
};

constexpr CodeRow kByCode[] = {
    {"namespace.not_found", {404, "NoSuchNamespaceException"}},
    {"namespace.not_empty", {409, "NamespaceNotEmptyException"}},
    {"table.not_found", {404, "NoSuchTableException"}},
    {"warehouse.not_found", {404, "NoSuchWarehouseException"}},
    {"table.commit_failed", {409, "CommitFailedException"}},
    {"http.no_route", {404, "NotFoundException"}},
    {"http.method_not_allowed", {405, "MethodNotAllowedException"}},
    {"http.body_too_large", {413, "PayloadTooLargeException"}},
};

Verdict VerdictOf(const Error& error) {
  for (const CodeRow& row : kByCode)
    if (row.code == error.code) return row.verdict;
  switch (error.kind) {
    case ErrorKind::kInvalid:
      return {400, "BadRequestException"};
    case ErrorKind::kNotFound:
      return {404, "NotFoundException"};
    case ErrorKind::kAlreadyExists:
      return {409, "AlreadyExistsException"};
    case ErrorKind::kPrecondition:
    case ErrorKind::kConflict:
      return {409, "CommitFailedException"};
    case ErrorKind::kUnauthenticated:
      return {401, "NotAuthorizedException"};
    case ErrorKind::kDenied:
      return {403, "ForbiddenException"};
    case ErrorKind::kUnsupported:
      return {501, "UnsupportedOperationException"};
    case ErrorKind::kLimit:
      return {429, "TooManyRequestsException"};
    case ErrorKind::kDiskFull:
      return {507, "InsufficientStorageException"};
    case ErrorKind::kUnavailable:
    case ErrorKind::kTimeout:
    case ErrorKind::kCancelled:
      return {503, "ServiceUnavailableException"};
    case ErrorKind::kUnknownOutcome:
      return {500, "CommitStateUnknownException"};
    case ErrorKind::kCorrupt:
    case ErrorKind::kInternal:
      break;
  }
  return {500, "InternalServerError"};
}

}  // namespace

http::Response RenderError(const Error& error, const http::Request&) {
  const Verdict verdict = VerdictOf(error);
  const Json body = {{"error",
                      {{"message", error.message},
                       {"type", std::string(verdict.type)},
                       {"code", verdict.status}}}};
  http::Response response = http::Response::Json(verdict.status, DumpJson(body));
  if (verdict.status == 401) response.headers.Add("WWW-Authenticate", "Bearer realm=\"caudal\"");
  if (verdict.status == 429 || verdict.status == 503) response.headers.Add("Retry-After", "1");
  return response;
}

}  // namespace caudal::api::iceberg
