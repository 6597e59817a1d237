// Columns as an older or foreign schema has them, seen as those of another.
#pragma once

#include <string_view>

#include "base/result.h"
#include "data/array.h"
#include "data/field.h"

namespace caudal {

// The rows of `source` as `wanted`: parts of structs are found by id, in whatever order; what is
// missing is null; int becomes long, float double, decimals get more digits, bytes of the right
// length become fixed or a UUID. Shares what stays as it is. kInvalid naming the column when a
// required part is missing or the types don't go together; kUnsupported when what is missing has an
// initial default.
Result<Array> Project(const Array& source, const Field& wanted);
// For one that isn't there at all.
Result<Array> ProjectMissing(int64_t rows, const Field& wanted);

}  // namespace caudal
