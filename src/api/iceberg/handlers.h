// What the parts of the Iceberg API share. Internal to api/iceberg.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "api/iceberg/routes.h"
#include "data/json.h"

namespace caudal::api::iceberg {

using Dependencies = std::shared_ptr<const IcebergDependencies>;

void AddConfigRoutes(http::Router& router, const Dependencies& dependencies);
void AddNamespaceRoutes(http::Router& router, const Dependencies& dependencies);
void AddTableRoutes(http::Router& router, const Dependencies& dependencies);
void AddCommitRoutes(http::Router& router, const Dependencies& dependencies);

void Add(http::Router& router, http::Method method, std::string pattern, std::string action,
         http::Handler handler, uint64_t body_bytes_max = 1u << 20);

http::Response JsonResponse(const Json& json, int status = 200);

// {namespace} and {table} of the path.
Result<lake::Levels> NamespaceIn(const http::Request& request);
Result<lake::TableName> TableIn(const http::Request& request);
Json ToJson(const lake::TableName& name);

// The parameters pageToken and pageSize. Without pageToken the client wants all at once.
struct PageRequest {
  std::optional<std::string> token;
  int size = 1000;
};
Result<PageRequest> PageIn(const http::Request& request);

}  // namespace caudal::api::iceberg
