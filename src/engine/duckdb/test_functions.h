// Ways to break a worker on purpose.
#pragma once

#include <duckdb.h>

namespace caudal::engine {

// In builds with failpoints: caudal_test_break('crash' | 'abort' | 'exit' | 'hang' | 'hoard'), a
// function for tests of what a statement does to its worker. 'hang' minds no interrupt, 'hoard'
// takes memory that DuckDB doesn't count. Otherwise nothing.
void AddTestFunctions(duckdb_connection connection);

}  // namespace caudal::engine
