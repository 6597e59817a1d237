// Some rows of batches, as a batch.
#pragma once

#include <cstdint>
#include <span>

#include "base/result.h"
#include "data/batch_builder.h"

namespace caudal::lake {

// Appends these rows of `batch`, ascending, run by run.
void AppendRows(BatchBuilder& builder, const Batch& batch, std::span<const int64_t> rows);
// These rows alone. Errors are BatchBuilder's.
Result<Batch> PickRows(const Schema& schema, const Batch& batch, std::span<const int64_t> rows);

}  // namespace caudal::lake
