// SQL over the lake's tables: names to files, files to a worker session, rows back.
//
// A query is one SELECT (WITH, VALUES and set operations too). Its tables are read at one version
// of the catalogue, each as the Iceberg specification says: columns by field id, deletes applied.
// Files that can't hold a row the query asks for are left out by what the manifests say of them.
//
// The user's SQL is parsed by DuckDB's own parser and held against a list of what is allowed before
// anything runs; then it runs as an untrusted statement in a worker process (engine/engine.h).
//
// Errors: kInvalid with a clear sentence when the SQL is wrong or does what it may not
// ("query.refused", "query.syntax"); kNotFound naming the table ("table.not_found") or the snapshot
// ("snapshot.not_found"); kUnsupported for what tables may have and Caudal doesn't read; kLimit
// ("query.busy") when too many queries wait; kCorrupt naming the file; those of engine/engine.h.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "engine/engine.h"
#include "lake/catalog/names.h"
#include "query/query_control.h"

namespace caudal::query {

// $name in the SQL; positional ones ("?", "$1") are "1", "2"…
struct Parameter {
  std::string name;
  engine::Value value;
};

struct QueryRequest {
  std::string sql;
  std::string default_dataset;  // of tables named without one; may be empty
  std::vector<Parameter> parameters;
  std::optional<std::chrono::milliseconds> timeout;  // at most the configured one
  std::string client;                                // whom a fair queue tells apart; may be empty
  bool to_parquet = false;  // the rows go to a file: TakeFile; there is no rows() then
  std::shared_ptr<QueryControl> control;  // may be null
};

// A table as a query reads it. One that is read at two times is there twice.
struct QueryTable {
  lake::TableName name;
  int64_t snapshot_id = 0;  // -1: the table has none, and no rows
  size_t files = 0;         // data files that are read
  size_t files_pruned = 0;  // that were left out
};

// A running query; its destruction cancels. One thread at a time but for Cancel and progress.
class Query {
 public:
  virtual ~Query() = default;

  virtual engine::Rows& rows() = 0;               // schema, batches; Next() waits
  virtual engine::Progress progress() const = 0;  // thread-safe
  virtual void Cancel() = 0;                      // thread-safe
  virtual const std::vector<QueryTable>& tables() const = 0;
  // With `to_parquet`, once. Whoever takes the file removes it.
  virtual Result<engine::Output> TakeFile() = 0;
};

// Thread-safe. Queries must be gone before it is destroyed.
class Queries {
 public:
  virtual ~Queries() = default;

  // Returns when the first rows, or the end, are near: it waits for a worker and for the planning.
  virtual Result<std::unique_ptr<Query>> Run(const QueryRequest& request) = 0;
};

}  // namespace caudal::query
