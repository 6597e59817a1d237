// Tables as the REST catalogue's answers have them. Internal to api/iceberg.
#pragma once

#include <string>

#include "data/json.h"
#include "http/message.h"
#include "lake/catalog/catalog.h"

namespace caudal::api::iceberg {

// LoadTableResult: metadata-location (unless the table is only staged), metadata, config (unless it
// is null: CommitTableResponse has none).
Json TableJson(const http::Request& request, const lake::LoadedTable& table, Json config);
// Leaves the snapshots that a branch or a tag points to.
void KeepReferencedSnapshots(Json& metadata);
// Changes with every commit, with what is asked for, and with the config: a client that keeps an
// answer has a token that is good for a while yet.
std::string EtagOf(const lake::LoadedTable& table, const Json& config, bool refs_only);

}  // namespace caudal::api::iceberg
