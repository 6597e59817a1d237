// What every handler of the Cloud Storage APIs works with.
#pragma once

#include "api/gcs/routes.h"

namespace caudal::api::gcs {

// Lives as long as the router, in its handlers.
struct Context {
  explicit Context(GcsDependencies dependencies) : deps(std::move(dependencies)) {}

  objects::Store& store() const { return deps.store; }
  const GcsOptions& options() const { return deps.options; }

  GcsDependencies deps;
  http::ApiStyle json_style;
  http::ApiStyle xml_style;
};

}  // namespace caudal::api::gcs
