// Columns between our layout and DuckDB's.
#pragma once

#include <cstdint>

#include "base/result.h"
#include "data/array.h"
#include "engine/duckdb/handles.h"

namespace caudal::engine {

// Puts rows [first, first + count) of `array` at the start of `vector`, which is fresh and of the
// type that LogicalTypeOf gives. Texts longer than 12 bytes are not copied: they stay in `array`.
Result<void> FillVector(const Array& array, int64_t first, int64_t count, duckdb_vector vector);

// A chunk's columns. `type` is a struct of what DuckDB's types stand for.
Result<Array> ChunkToArray(duckdb_arrow_options options, duckdb_data_chunk chunk, const Type& type);

}  // namespace caudal::engine
