// What `caudal query` is asked for. Internal to cli.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "data/json.h"

namespace caudal::app::cli {

// How the rows come out. Table and JSON are made here, the others by the server.
enum class QueryFormat : uint8_t { kTable, kCsv, kJsonLines, kJson, kArrow, kParquet };

struct QueryOptions {
  std::string sql;     // "-": from standard input
  std::string format;  // empty: by what the output is
  std::string output;  // a file; empty: standard output
  std::string dataset;
  std::vector<std::string> parameters;  // name=value, name:type=value
  double timeout_seconds = 0;           // 0: the server's
};

// By --format, else by the file's name, else by who reads: a person gets a table, a program CSV.
// `json`: the global --json. The code "usage" when there is no such format.
Result<QueryFormat> FormatOf(const QueryOptions& options, bool json, bool terminal);
// "parameters" of the request. The code "usage" names what can't be read.
Result<Json> ParametersOf(const std::vector<std::string>& parameters);

}  // namespace caudal::app::cli
