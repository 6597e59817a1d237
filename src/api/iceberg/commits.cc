#include "api/iceberg/bodies.h"
#include "api/iceberg/handlers.h"
#include "api/iceberg/table_json.h"

namespace caudal::api::iceberg {
namespace {

using lake::LoadedTable;
using lake::TableName;

constexpr uint64_t kBodyMax = 64u << 20;

Result<http::Response> CommitOne(const IcebergDependencies& deps, const http::Request& request) {
  const TableName name = TRY(TableIn(request));
  lake::TableChange change = TRY(ReadCommit(name, request));
  std::vector<lake::TableChange> changes;
  changes.push_back(std::move(change));
  const std::vector<LoadedTable> done = TRY(deps.catalog.Commit(changes));
  return JsonResponse(TableJson(request, done[0], nullptr));
}

Result<http::Response> CommitAll(const IcebergDependencies& deps, const http::Request& request) {
  const std::vector<lake::TableChange> changes = TRY(ReadTransaction(request));
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
