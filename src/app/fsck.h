// fsck: the metadata database, then every object against its file.
#pragma once

#include <string>

#include "data/json.h"
#include "meta/database.h"
#include "objects/check.h"

namespace caudal::app {

// {"sound": …, "objects": …, "bytes": …, "findings": [{"damage", "what", "repaired"}]}. On a
// stopped data folder, or beside a running store whose files the caller holds back.
Result<Json> CheckData(meta::Database& database, const std::string& objects_folder,
                       const objects::CheckOptions& options, bool store_is_running);

}  // namespace caudal::app
