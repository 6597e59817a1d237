// Tables as the REST catalogue's answers have them. Internal to api/iceberg.
#pragma once

#include <string>

#include "data/json.h"
#include "http/message.h"
#include "lake/catalog/catalog.h"

namespace caudal::api::iceberg {

// LoadTableResult: metadata-location (unless the table is only staged), metadata, config.
Json TableJson(const http::Request& request, const lake::LoadedTable& table);
// Leaves the snapshots that a branch or a tag points to.
void KeepReferencedSnapshots(Json& metadata);
// Changes with every commit, and with what is asked for.
std::string EtagOf(const http::Request& request, const lake::LoadedTable& table, bool refs_only);

}  // namespace caudal::api::iceberg
