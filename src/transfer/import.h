// Rows of an engine session as batches of tables.
#pragma once

#include <vector>

#include "base/result.h"
#include "data/array.h"
#include "data/schema.h"
#include "engine/rows.h"

namespace caudal::transfer {

// The first columns of the rows, which must be of these types. Shares the batch's memory, but for
// booleans: those come a byte each.
Result<std::vector<Array>> ImportColumns(const engine::Batch& rows,
                                         const std::vector<Field>& fields);

}  // namespace caudal::transfer
