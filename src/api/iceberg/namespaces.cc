#include "api/iceberg/bodies.h"
#include "api/iceberg/handlers.h"
#include "lake/catalog/locations.h"

namespace caudal::api::iceberg {
namespace {

using lake::Levels;

Json ToJson(const lake::Namespace& space) {
  return {{"namespace", space.levels}, {"properties", space.properties}};
}

Result<http::Response> List(const IcebergDependencies& deps, const http::Request& request) {
  const PageRequest asked = TRY(PageIn(request));
  Levels parent;
  if (const auto text = request.query.Get("parent"); text && !text->empty()) {
    parent = lake::Split(*text);
    TRY(lake::CheckLevels(parent));
  }
  Json list = Json::array();
  std::string token = asked.token.value_or("");
  do {
    lake::NamespacePage page = TRY(deps.catalog.namespaces().List(parent, token, asked.size));
    for (const Levels& levels : page.namespaces) list.push_back(levels);
    token = std::move(page.next_page_token);
  } while (!asked.token && !token.empty());
  Json json = {{"namespaces", std::move(list)}};
  if (!token.empty()) json["next-page-token"] = token;
  return JsonResponse(json);
}

Result<http::Response> Create(const IcebergDependencies& deps, const http::Request& request) {
  NamespaceToCreate create = TRY(ReadNamespaceToCreate(request));
  const lake::Namespace space =
      TRY(deps.catalog.namespaces().Create(create.levels, std::move(create.properties)));
  return JsonResponse(ToJson(space));
}

Result<http::Response> Get(const IcebergDependencies& deps, const http::Request& request) {
  const Levels levels = TRY(NamespaceIn(request));
  lake::Namespace space = TRY(deps.catalog.namespaces().Get(levels));
  // Trino makes no table in a namespace that doesn't say where tables go.
  space.properties.try_emplace("location",
                               lake::DefaultLocation(deps.catalog.options().bucket, space.levels));
  return JsonResponse(ToJson(space));
}

Result<http::Response> Exists(const IcebergDependencies& deps, const http::Request& request) {
  const Levels levels = TRY(NamespaceIn(request));
  TRY(deps.catalog.namespaces().Get(levels));
  return http::Response::Empty(204);
}

Result<http::Response> Drop(const IcebergDependencies& deps, const http::Request& request) {
  const Levels levels = TRY(NamespaceIn(request));
  TRY(deps.catalog.namespaces().Drop(levels));
  return http::Response::Empty(204);
}

Result<http::Response> Change(const IcebergDependencies& deps, const http::Request& request) {
  const Levels levels = TRY(NamespaceIn(request));
  const PropertiesToChange asked = TRY(ReadPropertiesToChange(request));
  const lake::PropertyChange change =
      TRY(deps.catalog.namespaces().Change(levels, asked.removals, asked.updates));
  return JsonResponse(
      {{"updated", change.updated}, {"removed", change.removed}, {"missing", change.missing}});
}

}  // namespace

void AddNamespaceRoutes(http::Router& router, const Dependencies& dependencies) {
  const std::string all = "/iceberg/v1/namespaces";
  const std::string one = all + "/{namespace}";
  Add(router, http::Method::kGet, all, "lake.namespaces.list",
      [deps = dependencies](http::Request& request) { return List(*deps, request); });
  Add(router, http::Method::kPost, all, "lake.namespaces.create",
      [deps = dependencies](http::Request& request) { return Create(*deps, request); });
  Add(router, http::Method::kGet, one, "lake.namespaces.get",
      [deps = dependencies](http::Request& request) { return Get(*deps, request); });
  Add(router, http::Method::kHead, one, "lake.namespaces.get",
      [deps = dependencies](http::Request& request) { return Exists(*deps, request); });
  Add(router, http::Method::kDelete, one, "lake.namespaces.drop",
      [deps = dependencies](http::Request& request) { return Drop(*deps, request); });
  Add(router, http::Method::kPost, one + "/properties", "lake.namespaces.change",
      [deps = dependencies](http::Request& request) { return Change(*deps, request); });
}

}  // namespace caudal::api::iceberg
