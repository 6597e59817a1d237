#include "api/iceberg/handlers.h"

#include <fmt/format.h>

#include <charconv>

#include "api/iceberg/errors.h"

namespace caudal::api::iceberg {
namespace {

constexpr int kPageMax = 10'000;

const http::ApiStyle& Style() {
  static const http::ApiStyle style{"iceberg", &RenderError};
  return style;
}

}  // namespace

void Add(http::Router& router, http::Method method, std::string pattern, std::string action,
         http::Handler handler, uint64_t body_bytes_max) {
  http::Route route;
  route.method = method;
  route.pattern = std::move(pattern);
  route.action = std::move(action);
  route.handler = std::move(handler);
  route.body_bytes_max = body_bytes_max;
  route.style = &Style();
  router.Add(std::move(route));
}

http::Response JsonResponse(const Json& json, int status) {
  return http::Response::Json(status, DumpJson(json));
}

Result<lake::Levels> NamespaceIn(const http::Request& request) {
  lake::Levels levels = lake::Split(request.Path("namespace"));
  TRY(lake::CheckLevels(levels));
  return levels;
}

Result<lake::TableName> TableIn(const http::Request& request) {
  lake::TableName name;
  name.space = TRY(NamespaceIn(request));
  name.name = request.Path("table");
  TRY(lake::CheckPart("table name", name.name));
  return name;
}

Json ToJson(const lake::TableName& name) {
  return {{"namespace", name.space}, {"name", name.name}};
}

Result<PageRequest> PageIn(const http::Request& request) {
  PageRequest page;
  if (const auto token = request.query.Get("pageToken")) page.token = std::string(*token);
  if (const auto size = request.query.Get("pageSize")) {
    const auto [end, error] = std::from_chars(size->data(), size->data() + size->size(), page.size);
    if (error != std::errc() || end != size->data() + size->size() || page.size < 1)
      return MakeError(ErrorKind::kInvalid, "'pageSize' must be a whole number from 1");
    page.size = std::min(page.size, kPageMax);
  }
  return page;
}

}  // namespace caudal::api::iceberg
