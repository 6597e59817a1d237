// Runs the statements of one message.
#pragma once

#include <cstdint>

#include "base/result.h"
#include "engine/duckdb/handles.h"
#include "engine/duckdb/rows_sender.h"
#include "engine/protocol.h"

namespace caudal::engine {

// All statements in order; the rows of the last go to `sender`. Returns the rows that the last one
// changed.
Result<int64_t> RunScript(duckdb_connection connection, const Statement& script, Credit& credit,
                          RowsSender& sender);

}  // namespace caudal::engine
