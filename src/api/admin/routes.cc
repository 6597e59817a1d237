#include "api/admin/routes.h"

#include "api/admin/handlers.h"

namespace caudal::api {

void AddRoutes(http::Router& router, AdminDependencies dependencies) {
  const auto shared = std::make_shared<const AdminDependencies>(std::move(dependencies));
  admin::AddHomeRoutes(router, shared);
  admin::AddHealthRoutes(router, shared);
  admin::AddMetricsRoutes(router, shared);
  admin::AddTokenRoutes(router, shared);
  admin::AddStatusRoutes(router, shared);
  admin::AddEventRoutes(router, shared);
  admin::AddDeliveryRoutes(router, shared);
  admin::AddFunctionRoutes(router, shared);
  admin::AddRunRoutes(router, shared);
  admin::AddKeyRoutes(router, shared);
  admin::AddLogRoutes(router, shared);
  if (shared->queries != nullptr) admin::AddQueryRoutes(router, *shared->queries);
  admin::AddUpkeepRoutes(router, shared);
  for (const char* prefix : {"/api/", "/ui/", "/token", "/metrics"})
    router.SetFallback(prefix, &admin::Style());
}

}  // namespace caudal::api
