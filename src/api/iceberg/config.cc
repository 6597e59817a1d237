#include <fmt/format.h>

#include "api/iceberg/handlers.h"

namespace caudal::api::iceberg {
namespace {

// What is there, as clients want it: a client calls nothing that isn't in the list.
constexpr const char* kEndpoints[] = {
    "GET /v1/{prefix}/namespaces",
    "POST /v1/{prefix}/namespaces",
    "GET /v1/{prefix}/namespaces/{namespace}",
    "HEAD /v1/{prefix}/namespaces/{namespace}",
    "DELETE /v1/{prefix}/namespaces/{namespace}",
    "POST /v1/{prefix}/namespaces/{namespace}/properties",
    "GET /v1/{prefix}/namespaces/{namespace}/tables",
    "POST /v1/{prefix}/namespaces/{namespace}/tables",
    "GET /v1/{prefix}/namespaces/{namespace}/tables/{table}",
    "HEAD /v1/{prefix}/namespaces/{namespace}/tables/{table}",
    "POST /v1/{prefix}/namespaces/{namespace}/tables/{table}",
    "DELETE /v1/{prefix}/namespaces/{namespace}/tables/{table}",
    "POST /v1/{prefix}/namespaces/{namespace}/tables/{table}/metrics",
    "GET /v1/{prefix}/namespaces/{namespace}/tables/{table}/credentials",
    "POST /v1/{prefix}/namespaces/{namespace}/register",
    "POST /v1/{prefix}/tables/rename",
    "POST /v1/{prefix}/transactions/commit",
};

Result<http::Response> Config(const IcebergDependencies& deps, const http::Request& request) {
  const auto warehouse = request.query.Get("warehouse");
  if (warehouse && !warehouse->empty() && *warehouse != deps.warehouse)
    return MakeError(ErrorKind::kNotFound,
                     fmt::format("there is no warehouse '{}'; this server's is '{}', and may be "
                                 "left out",
                                 *warehouse, deps.warehouse),
                     "warehouse.not_found");
  Json endpoints = Json::array();
  for (const char* endpoint : kEndpoints) endpoints.push_back(endpoint);
  return JsonResponse({{"defaults", Json::object()},
                       {"overrides", Json::object()},
                       {"endpoints", std::move(endpoints)}});
}

}  // namespace

void AddConfigRoutes(http::Router& router, const Dependencies& dependencies) {
  Add(router, http::Method::kGet, "/iceberg/v1/config", "lake.config.get",
      [deps = dependencies](http::Request& request) { return Config(*deps, request); });
}

// Paths that are this API's and yet no route: without these they would be taken for buckets.
void AddMissingRoutes(http::Router& router) {
  using http::Method;
  for (const Method method : {Method::kGet, Method::kPost, Method::kPut, Method::kDelete}) {
    for (const char* pattern :
         {"/iceberg/v1/namespaces/{namespace}/views",
          "/iceberg/v1/namespaces/{namespace}/views/{view}", "/iceberg/v1/views/rename"})
      Add(router, method, pattern, "public.missing", [](http::Request&) -> Result<http::Response> {
        return MakeError(ErrorKind::kUnsupported, "this catalogue has no views yet",
                         "not_implemented");
      });
    Add(router, method, "/iceberg/{rest*}", "public.missing",
        [](http::Request& request) -> Result<http::Response> {
          return MakeError(ErrorKind::kNotFound, "the Iceberg catalogue has no " + request.path,
                           "http.no_route");
        });
  }
}

void AddRoutes(http::Router& router, const IcebergDependencies& dependencies) {
  const auto shared = std::make_shared<const IcebergDependencies>(dependencies);
  AddConfigRoutes(router, shared);
  AddNamespaceRoutes(router, shared);
  AddTableRoutes(router, shared);
  AddCommitRoutes(router, shared);
  AddMissingRoutes(router);
}

}  // namespace caudal::api::iceberg
