#include <fmt/format.h>

#include "api/iceberg/bodies.h"
#include "api/iceberg/engine_access.h"
#include "api/iceberg/handlers.h"
#include "api/iceberg/table_json.h"

namespace caudal::api::iceberg {
namespace {

using lake::LoadedTable;
using lake::TableName;

constexpr uint64_t kBodyMax = 64u << 20;  // schemas may be large, commits too

Result<http::Response> List(const IcebergDependencies& deps, const http::Request& request) {
  const lake::Levels space = TRY(NamespaceIn(request));
  const PageRequest asked = TRY(PageIn(request));
  Json list = Json::array();
  std::string token = asked.token.value_or("");
  do {
    lake::TablePage page = TRY(deps.catalog.ListTables(space, token, asked.size));
    for (const TableName& name : page.tables) list.push_back(ToJson(name));
    token = std::move(page.next_page_token);
  } while (!asked.token && !token.empty());
  Json json = {{"identifiers", std::move(list)}};
  if (!token.empty()) json["next-page-token"] = token;
  return JsonResponse(json);
}

Result<http::Response> Answer(const IcebergDependencies& deps, const http::Request& request,
                              const LoadedTable& table) {
  Json config = TRY(TableConfig(request, table, deps.keys, deps.clock));
  return JsonResponse(TableJson(request, table, std::move(config)));
}

Result<http::Response> Create(const IcebergDependencies& deps, const http::Request& request) {
  const lake::Levels space = TRY(NamespaceIn(request));
  TableToCreate create = TRY(ReadTableToCreate(request));
  const TableName name{space, create.name};
  const LoadedTable made = TRY(create.stage ? deps.catalog.Stage(name, std::move(create.table))
                                            : deps.catalog.Create(name, std::move(create.table)));
  return Answer(deps, request, made);
}

Result<http::Response> Load(const IcebergDependencies& deps, const http::Request& request) {
  const TableName name = TRY(TableIn(request));
  const LoadedTable table = TRY(deps.catalog.Load(name));
  const bool refs_only = request.query.Get("snapshots") == "refs";
  Json config = TRY(TableConfig(request, table, deps.keys, deps.clock));
  const std::string etag = EtagOf(table, config, refs_only);
  if (request.headers.Get("If-None-Match") == etag) return http::Response::Empty(304);
  Json json = TableJson(request, table, std::move(config));
  if (refs_only) KeepReferencedSnapshots(json["metadata"]);
  http::Response response = JsonResponse(json);
  response.headers.Set("ETag", etag);
  return response;
}

Result<http::Response> Credentials(const IcebergDependencies& deps, const http::Request& request) {
  const TableName name = TRY(TableIn(request));
  const LoadedTable table = TRY(deps.catalog.Load(name));
  const Json json = TRY(TableCredentials(request, table, deps.keys, deps.clock));
  return JsonResponse(json);
}

Result<http::Response> Exists(const IcebergDependencies& deps, const http::Request& request) {
  const TableName name = TRY(TableIn(request));
  TRY(deps.catalog.Load(name));
  return http::Response::Empty(204);
}

// "true" or "True", as pyiceberg writes it.
Result<bool> FlagIn(const http::Request& request, std::string_view name) {
  const std::string_view text = request.query.Get(name).value_or("false");
  if (text == "true" || text == "True") return true;
  if (text == "false" || text == "False") return false;
  return MakeError(ErrorKind::kInvalid, fmt::format("'{}' must be true or false", name));
}

Result<http::Response> Drop(const IcebergDependencies& deps, const http::Request& request) {
  const TableName name = TRY(TableIn(request));
  const bool purge = TRY(FlagIn(request, "purgeRequested"));
  TRY(deps.catalog.Drop(name, purge));
  return http::Response::Empty(204);
}

Result<http::Response> Rename(const IcebergDependencies& deps, const http::Request& request) {
  const TableToRename rename = TRY(ReadTableToRename(request));
  TRY(deps.catalog.Rename(rename.from, rename.to));
  return http::Response::Empty(204);
}

Result<http::Response> Register(const IcebergDependencies& deps, const http::Request& request) {
  const lake::Levels space = TRY(NamespaceIn(request));
  const TableToRegister asked = TRY(ReadTableToRegister(request));
  const LoadedTable table =
      TRY(deps.catalog.Register({space, asked.name}, asked.metadata_location, asked.overwrite));
  return Answer(deps, request, table);
}

// What a scan or a commit of an engine did: nothing here wants it.
Result<http::Response> Metrics(const IcebergDependencies&, const http::Request& request) {
  TRY(TableIn(request));
  TRY(CheckMetrics(request));
  return http::Response::Empty(204);
}

}  // namespace

void AddTableRoutes(http::Router& router, const Dependencies& dependencies) {
  const std::string all = "/iceberg/v1/namespaces/{namespace}/tables";
  const std::string one = all + "/{table}";
  Add(router, http::Method::kGet, all, "lake.tables.list",
      [deps = dependencies](http::Request& request) { return List(*deps, request); });
  Add(
      router, http::Method::kPost, all, "lake.tables.create",
      [deps = dependencies](http::Request& request) { return Create(*deps, request); }, kBodyMax);
  Add(router, http::Method::kGet, one, "lake.tables.get",
      [deps = dependencies](http::Request& request) { return Load(*deps, request); });
  Add(router, http::Method::kHead, one, "lake.tables.get",
      [deps = dependencies](http::Request& request) { return Exists(*deps, request); });
  Add(router, http::Method::kGet, one + "/credentials", "lake.tables.get",
      [deps = dependencies](http::Request& request) { return Credentials(*deps, request); });
  Add(router, http::Method::kDelete, one, "lake.tables.drop",
      [deps = dependencies](http::Request& request) { return Drop(*deps, request); });
  Add(
      router, http::Method::kPost, one + "/metrics", "lake.tables.get",
      [deps = dependencies](http::Request& request) { return Metrics(*deps, request); }, kBodyMax);
  Add(router, http::Method::kPost, "/iceberg/v1/tables/rename", "lake.tables.rename",
      [deps = dependencies](http::Request& request) { return Rename(*deps, request); });
  Add(router, http::Method::kPost, "/iceberg/v1/namespaces/{namespace}/register",
      "lake.tables.register",
      [deps = dependencies](http::Request& request) { return Register(*deps, request); });
}

}  // namespace caudal::api::iceberg
