// From a checked query to what its session needs: its SQL, and views over files.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "lake/catalog/catalog.h"
#include "lake/files/manifest_cache.h"
#include "query/analysis.h"
#include "query/query.h"
#include "query/scan_files.h"
#include "query/snapshot_choice.h"

namespace caudal::query {

struct PlannedSql {
  std::string views;  // CREATE SCHEMA and CREATE VIEW statements; may be empty
  std::string sql;
};

// The query in two ways that have the same rows.
struct QueryPlan {
  // The user's SQL, with tables' names changed where DuckDB needs it. What DuckDB says of it is of
  // the user's words.
  PlannedSql named;
  // With subqueries in the place of tables' names, where the text allows it: there are fewer views
  // to make, each of which costs as much as binding it.
  std::optional<PlannedSql> direct;
  std::vector<QueryTable> tables;
};

// Of a table's use: its table, and the state that is read.
struct BoundTable {
  lake::LoadedTable table;
  ChosenSnapshot chosen;
};

// `bound` are the analysis' tables, in its order; `files` collects what the session is to see.
Result<QueryPlan> MakePlan(const SqlText& text, const Analysis& analysis,
                           const std::vector<BoundTable>& bound, const QueryRequest& request,
                           lake::ManifestCache& manifests, ScanFiles& files);

}  // namespace caudal::query
