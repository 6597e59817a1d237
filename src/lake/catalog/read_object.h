// Whole files of tables, read from the store.
#pragma once

#include <string>

#include "base/result.h"
#include "objects/store.h"

namespace caudal::lake {

// Of a metadata file, manifest list or manifest: up to 256 MiB (kLimit). kCorrupt, naming the file,
// when it isn't there; kInvalid when the location isn't one of this store.
Result<std::string> ReadTableFile(objects::Store& store, const std::string& location);

}  // namespace caudal::lake
