// The XML API: /<bucket> and /<bucket>/<object> at the root.
#pragma once

#include <memory>

#include "api/gcs/context.h"

namespace caudal::api::gcs {

void AddXmlRoutes(http::Router& router, const std::shared_ptr<const Context>& context);

}  // namespace caudal::api::gcs
