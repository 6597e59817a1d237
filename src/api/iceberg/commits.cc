#include "api/iceberg/engine_access.h"
#include "api/iceberg/handlers.h"
#include "api/iceberg/table_json.h"

namespace caudal::api::iceberg {
namespace {

using lake::LoadedTable;
using lake::TableName;

constexpr uint64_t kBodyMax = 64u << 20;

Result<lake::TableChange> ChangeFrom(const TableName& name, const Json& body) {
  lake::TableChange change;
  change.name = name;
  if (!body.contains("requirements") || !body.contains("updates"))
    return MakeError(ErrorKind::kInvalid, "a commit needs 'requirements' and 'updates'");
  change.requirements = body["requirements"];
  change.updates = body["updates"];
  return change;
}

Result<http::Response> CommitOne(const IcebergDependencies& deps, const http::Request& request) {
  const TableName name = TRY(TableIn(request));
  Json body = TRY(ObjectBody(request));
  UndoAdaption(request, body);
  if (body.contains("identifier") && !body["identifier"].is_null()) {
    const TableName named = TRY(TableFrom(body["identifier"], "identifier"));
    if (named != name)
      return MakeError(ErrorKind::kInvalid, "'identifier' names another table than the path");
  }
  lake::TableChange change = TRY(ChangeFrom(name, body));
  std::vector<lake::TableChange> changes;
  changes.push_back(std::move(change));
  const std::vector<LoadedTable> done = TRY(deps.catalog.Commit(changes));
  Json json = TableJson(request, done[0]);
  json.erase("config");
  return JsonResponse(json);
}

Result<http::Response> CommitAll(const IcebergDependencies& deps, const http::Request& request) {
  Json body = TRY(ObjectBody(request));
  if (!body.contains("table-changes") || !body["table-changes"].is_array())
    return MakeError(ErrorKind::kInvalid, "'table-changes' must be a list");
  std::vector<lake::TableChange> changes;
  for (Json& one : body["table-changes"]) {
    if (!one.is_object())
      return MakeError(ErrorKind::kInvalid, "'table-changes' must be a list of objects");
    UndoAdaption(request, one);
    const TableName name = TRY(TableFrom(one.value("identifier", Json()), "identifier"));
    lake::TableChange change = TRY(ChangeFrom(name, one));
    changes.push_back(std::move(change));
  }
  TRY(deps.catalog.Commit(changes));
  return http::Response::Empty(204);
}

}  // namespace

void AddCommitRoutes(http::Router& router, const Dependencies& dependencies) {
  Add(
      router, http::Method::kPost, "/iceberg/v1/namespaces/{namespace}/tables/{table}",
      "lake.tables.commit",
      [deps = dependencies](http::Request& request) { return CommitOne(*deps, request); },
      kBodyMax);
  Add(
      router, http::Method::kPost, "/iceberg/v1/transactions/commit", "lake.tables.commit",
      [deps = dependencies](http::Request& request) { return CommitAll(*deps, request); },
      kBodyMax);
}

}  // namespace caudal::api::iceberg
