// From a checked query to what its session needs: views over files, and the SQL that runs on them.
#pragma once

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

struct QueryPlan {
  std::string views;  // CREATE SCHEMA and CREATE VIEW statements; may be empty
  std::string sql;    // the user's, with tables' names changed where DuckDB needs it
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
