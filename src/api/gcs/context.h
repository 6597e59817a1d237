// What every handler of the Cloud Storage APIs works with.
#pragma once

#include <memory>

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
using ContextPtr = std::shared_ptr<const Context>;

// `shared`, unless the request's token is confined to some objects: then one whose store is.
ContextPtr ContextFor(const ContextPtr& shared, const http::Request& request);
// The sink of a handler that was given `context`, which lives as long as it: ContextFor's of
// `shared`, which lives anyway.
Result<std::unique_ptr<http::BodySink>> KeepingContext(
    ContextPtr context, const ContextPtr& shared, Result<std::unique_ptr<http::BodySink>> sink);

}  // namespace caudal::api::gcs
