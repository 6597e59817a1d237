// A query's rows as a Parquet file, written by its worker. Internal to query.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "engine/engine.h"

namespace caudal::query {

// Of the session's output folder.
inline constexpr const char* kParquetFile = "result.parquet";

// Runs `sql`, which has been checked, to its end. Types that Parquet lacks are written as others
// that hold the same values (docs/formats/query-results.md), or are kUnsupported with the column
// named.
Result<void> CopyToParquet(engine::Session& session, const std::string& sql,
                           const std::vector<std::pair<std::string, engine::Value>>& parameters);

}  // namespace caudal::query
