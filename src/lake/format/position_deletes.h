// Files of position deletes: rows of data files, by their place. Specification: "Position Delete
// Files"; "Reserved Field IDs".
#pragma once

#include <cstdint>

#include "data/schema.h"

namespace caudal::lake {

inline constexpr int32_t kDeletedPathId = 2147483546;  // the data file, as its manifest names it
inline constexpr int32_t kDeletedPositionId = 2147483545;  // the row in it, from 0

// "file_path", "pos": both required.
const Schema& PositionDeleteSchema();

}  // namespace caudal::lake
