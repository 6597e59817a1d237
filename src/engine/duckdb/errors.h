// DuckDB's errors in Caudal's kinds.
#pragma once

#include <string_view>

#include "base/result.h"

namespace caudal::engine {

// From a message as DuckDB writes it ("Binder Error: …"). Paths of the worker's folder lose what
// leads to it: nobody outside needs to know where the server's data lies.
Error DuckDbError(std::string_view message);

}  // namespace caudal::engine
