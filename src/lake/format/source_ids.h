// The columns that a partition or sort field is made of.
#pragma once

#include <cstdint>
#include <vector>

#include "lake/format/json_reader.h"

namespace caudal::lake {

// "source-id", or "source-ids" where a field has several; one at least.
Result<std::vector<int32_t>> ReadSourceIds(const JsonReader& reader);

}  // namespace caudal::lake
