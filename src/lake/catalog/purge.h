// Removes the files of a table that is no longer in the catalogue.
#pragma once

#include <cstdint>

#include "base/result.h"
#include "lake/format/table_metadata.h"
#include "objects/store.h"

namespace caudal::lake {

struct PurgeReport {
  uint64_t removed = 0;
  uint64_t failed = 0;  // couldn't be removed, or couldn't be read for what they name
};

// All that the metadata leads to, and the metadata file itself: data and delete files (unless the
// table's property gc.enabled is false), manifests, manifest lists, statistics, older metadata
// files. Data files that are neither below the table's location nor its folder for data stay: they
// are others', as those of a landing bucket are. What can't be read or removed is counted, logged
// and left; what is gone already is fine. Each removal is durable by itself: a death in between
// leaves the rest behind.
PurgeReport PurgeFiles(objects::Store& store, const TableMetadata& metadata,
                       const std::string& metadata_location);

}  // namespace caudal::lake
