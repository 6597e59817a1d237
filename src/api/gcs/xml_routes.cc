#include "api/gcs/xml_routes.h"

namespace caudal::api::gcs {

void AddXmlRoutes(http::Router&, const std::shared_ptr<const Context>&) {}

}  // namespace caudal::api::gcs
