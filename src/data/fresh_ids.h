// Types with new field ids.
#pragma once

#include <cstdint>
#include <map>
#include <vector>

#include "data/field.h"

namespace caudal {

// All of a struct's (list's, map's) fields first, then those inside of them, in order.
Type WithFreshIds(const Type& type, int32_t& next_id, std::map<int32_t, int32_t>* new_ids);

// The same kind of nested type with other parts.
Type WithFields(const Type& type, std::vector<Field> fields);

}  // namespace caudal
