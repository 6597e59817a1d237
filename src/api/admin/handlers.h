// What the parts of the admin API share. Internal to api/admin.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "api/admin/routes.h"
#include "http/router.h"

namespace caudal::api::admin {

using Dependencies = std::shared_ptr<const AdminDependencies>;

const http::ApiStyle& Style();

void AddHomeRoutes(http::Router& router, const Dependencies& dependencies);
void AddHealthRoutes(http::Router& router, const Dependencies& dependencies);
void AddMetricsRoutes(http::Router& router, const Dependencies& dependencies);
void AddTokenRoutes(http::Router& router, const Dependencies& dependencies);
void AddStatusRoutes(http::Router& router, const Dependencies& dependencies);
void AddEventRoutes(http::Router& router, const Dependencies& dependencies);
void AddDeliveryRoutes(http::Router& router, const Dependencies& dependencies);
void AddFunctionRoutes(http::Router& router, const Dependencies& dependencies);
void AddRunRoutes(http::Router& router, const Dependencies& dependencies);
void AddKeyRoutes(http::Router& router, const Dependencies& dependencies);
void AddLogRoutes(http::Router& router, const Dependencies& dependencies);
void AddQueryRoutes(http::Router& router, RunningQueries& queries);
void AddUpkeepRoutes(http::Router& router, const Dependencies& dependencies);

// A route of this API with its style.
void Add(http::Router& router, http::Method method, std::string pattern, std::string action,
         http::Handler handler, http::RunOn run_on = http::RunOn::kPool);

http::Response JsonResponse(const Json& json, int status = 200);

// A query parameter as a whole number; kInvalid names it when it isn't one from `min` to `max`.
Result<int64_t> IntParameter(const http::Request& request, std::string_view name, int64_t fallback,
                             int64_t min, int64_t max);
Result<bool> FlagParameter(const http::Request& request, std::string_view name, bool fallback);
std::string TextParameter(const http::Request& request, std::string_view name);

// The body as a JSON object; an empty body is an empty object.
Result<Json> ObjectBody(const http::Request& request);
// A member that must be text (or absent: "").
Result<std::string> TextMember(const Json& object, const char* name);

Json EventJson(const events::Event& event, bool with_resource);
Json RunJson(const sched::RunRecord& run);
// A path parameter that must be a whole number from 1; kNotFound otherwise: there is no such thing.
Result<int64_t> IdIn(const http::Request& request, std::string_view name, std::string_view what);

}  // namespace caudal::api::admin
