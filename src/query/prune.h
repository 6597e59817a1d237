// Whether a data file can hold a row that a condition is true of, by what its manifest says.
#pragma once

#include "lake/files/live_file.h"
#include "lake/format/table_metadata.h"
#include "query/condition.h"

namespace caudal::query {

// Never false when there may be such a row: bounds that are missing, cut or can't be read, counts
// that are missing, NaNs and values of another type leave the file in.
bool MayMatch(const Condition& condition, const lake::LiveFile& file,
              const lake::TableMetadata& metadata);

}  // namespace caudal::query
