// The Iceberg REST catalogue (/iceberg/v1). Translation only: what it does is done by
// lake::Catalog. Source: Apache Iceberg, open-api/rest-catalog-open-api.yaml.
#pragma once

#include <functional>
#include <string>

#include "auth/keys.h"
#include "base/clock.h"
#include "http/router.h"
#include "lake/catalog/catalog.h"

namespace caudal::api::iceberg {

// All of it must outlive the router.
struct IcebergDependencies {
  lake::Catalog& catalog;
  auth::KeyStore& keys;
  const Clock& clock;
  std::string warehouse;  // its name, which clients may give
};

void AddRoutes(http::Router& router, const IcebergDependencies& dependencies);

}  // namespace caudal::api::iceberg
