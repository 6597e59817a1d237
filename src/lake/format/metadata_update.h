// The commits of the Iceberg REST catalogue: what must hold of a table, and what changes.
#pragma once

#include <cstdint>
#include <string>

#include "base/result.h"
#include "data/json.h"
#include "lake/format/table_metadata.h"

namespace caudal::lake {

// `requirements` is the request's list; `base` null when there is no table. kInvalid when it is
// malformed or has one that isn't known, kConflict, naming both sides, for the first that fails.
Result<void> CheckRequirements(const Json& requirements, const TableMetadata* base);

struct UpdateContext {
  int64_t now_ms = 0;
  std::string previous_file;  // where the base's metadata lies; empty for a new table
  size_t metadata_log_max = 100;
};

// `updates` is the request's list, applied in its order; `base` null makes a new table, whose
// updates must bring a UUID, a location and a schema. Errors are MetadataBuilder's; kInvalid for an
// update that isn't known.
Result<TableMetadata> ApplyUpdates(const TableMetadata* base, const Json& updates,
                                   const UpdateContext& context);

}  // namespace caudal::lake
