// What a session's columns are, as types of tables.
#pragma once

#include "base/result.h"
#include "data/type.h"
#include "engine/schema.h"

namespace caudal::transfer {

// The type that takes every value of the column; its parts have the ids 0. kUnsupported when there
// is none.
Result<Type> TypeOf(const engine::Field& column);

}  // namespace caudal::transfer
