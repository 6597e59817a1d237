// Values of Arrow arrays as text.
#pragma once

#include <cstdint>
#include <string>

#include "base/result.h"
#include "data/arrow.h"
#include "engine/schema.h"

namespace caudal::engine {

// Whether the value at `row` is NULL.
bool IsNull(const ArrowArray& array, const Field& field, int64_t row);

// Appends the value, which isn't NULL, as DuckDB's CAST(… AS VARCHAR) writes it. But: times with a
// zone are in UTC whatever the session's zone is, and geometries are their WKB as a BLOB.
void AppendText(std::string& out, const ArrowArray& array, const Field& field, int64_t row);

// The same of a field without children or dictionary.
void AppendScalar(std::string& out, const ArrowArray& array, const Field& field, int64_t row);

}  // namespace caudal::engine
