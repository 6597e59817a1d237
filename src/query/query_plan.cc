#include "query/query_plan.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <set>

#include "data/lower_case.h"
#include "engine/quoting.h"
#include "query/condition.h"
#include "query/prune.h"
#include "query/table_sql.h"

namespace caudal::query {
namespace {

using engine::QuoteName;

// Names of DuckDB's own, which it would look into, or take for its catalogue.
constexpr auto kOwnSchemas = std::to_array<std::string_view>(
    {"main", "temp", "system", "memory", "information_schema", "pg_catalog"});

// A table at a state, however often the SQL names it.
struct Scanned {
  const BoundTable* bound = nullptr;
  std::vector<Condition> conditions;  // of its uses: a file is read when one of them may hold
  std::set<std::string> views;        // statements made for it
};

class Planner {
 public:
  Planner(const SqlText& text, const Analysis& analysis, const std::vector<BoundTable>& bound,
          const QueryRequest& request, lake::ManifestCache& manifests, ScanFiles& files)
      : text_(text),
        analysis_(analysis),
        bound_(bound),
        request_(request),
        manifests_(manifests),
        files_(files) {}

  Result<QueryPlan> Plan() {
    Collect();
    for (size_t i = 0; i < analysis_.tables.size(); ++i) TRY(Name(i));
    for (size_t i = 0; i < scanned_.size(); ++i) TRY(Scan(i));
    plan_.sql = Apply(text_.sql, std::move(edits_));
    return std::move(plan_);
  }

 private:
  void Collect();
  Result<void> Name(size_t use);
  Result<void> Scan(size_t scanned);

  const SqlText& text_;
  const Analysis& analysis_;
  const std::vector<BoundTable>& bound_;
  const QueryRequest& request_;
  lake::ManifestCache& manifests_;
  ScanFiles& files_;

  std::vector<Scanned> scanned_;
  std::vector<size_t> scanned_of_;  // of each use
  // Views by their schema's and own name, as DuckDB tells them apart, and whose they are.
  std::map<std::pair<std::string, std::string>, size_t> names_;
  std::vector<std::vector<std::pair<std::string, std::string>>> views_;
  std::set<std::string> schemas_;  // that there are statements for, in lower case
  std::vector<Edit> edits_;
  QueryPlan plan_;
};

void Planner::Collect() {
  std::vector<Schema> schemas;
  schemas.reserve(bound_.size());
  for (const BoundTable& bound : bound_) schemas.push_back(*bound.chosen.schema);
  std::map<std::tuple<std::string, int64_t, int32_t>, size_t> known;
  for (size_t i = 0; i < bound_.size(); ++i) {
    const ChosenSnapshot& chosen = bound_[i].chosen;
    const int64_t snapshot = chosen.snapshot == nullptr ? -1 : chosen.snapshot->id;
    const auto [at, fresh] = known.emplace(
        std::tuple(bound_[i].table.metadata->uuid, snapshot, chosen.schema->id()), scanned_.size());
    if (fresh) scanned_.push_back({&bound_[i], {}, {}});
    scanned_of_.push_back(at->second);
    scanned_[at->second].conditions.push_back(
        ConditionOf(analysis_, i, schemas, request_.parameters));
  }
  views_.resize(scanned_.size());
}

// A view of the name that the SQL has, where DuckDB finds it by that; else the SQL is changed.
Result<void> Planner::Name(size_t i) {
  const TableUse& use = analysis_.tables[i];
  const size_t scanned = scanned_of_[i];
  std::string schema = use.schema.empty() ? request_.default_dataset : use.schema;
  const bool own = std::ranges::count(kOwnSchemas, LowerCase(schema)) > 0;
  bool natural = use.time == nullptr && use.catalog.empty() && !schema.empty() && !own;
  if (natural) {
    const auto key = std::pair(LowerCase(schema), LowerCase(use.name));
    const auto [at, fresh] = names_.emplace(key, scanned);
    if (fresh) views_[scanned].emplace_back(schema, use.name);
    natural = at->second == scanned;
  }
  if (natural && !use.schema.empty()) return {};
  if (!natural) {
    schema = fmt::format("table/{}", scanned);  // no dataset's name has such a sign
    const auto key = std::pair(schema, LowerCase(use.name));
    if (names_.emplace(key, scanned).second) views_[scanned].emplace_back(schema, use.name);
  }
  const TablePlace place = TRY(FindTablePlace(text_, use.at, use.name, use.time != nullptr));
  edits_.push_back(
      {place.name_begin, place.name_end, QuoteName(schema) + "." + QuoteName(use.name)});
  if (use.time != nullptr) edits_.push_back({place.at_begin, place.at_end, ""});
  return {};
}

Result<void> Planner::Scan(size_t i) {
  const BoundTable& bound = *scanned_[i].bound;
  const lake::TableMetadata& metadata = *bound.table.metadata;
  QueryTable told{bound.table.name, -1, 0, 0};
  TableScan scan{metadata, *bound.chosen.schema, {}};
  if (bound.chosen.snapshot != nullptr) {
    told.snapshot_id = bound.chosen.snapshot->id;
    const lake::SharedFiles live = TRY(manifests_.Read(*bound.chosen.snapshot));
    scan.files = lake::PlanScan(*live, metadata);
    const size_t all = scan.files.size();
    std::erase_if(scan.files, [&](const lake::ScanFile& file) {
      return std::ranges::none_of(scanned_[i].conditions, [&](const Condition& condition) {
        return MayMatch(condition, *file.data, metadata);
      });
    });
    told.files = scan.files.size();
    told.files_pruned = all - told.files;
  }
  Result<std::string> select = TableSql(scan, files_);
  if (!select.ok())
    return std::move(select).error().Within("the table '" + lake::TextOf(bound.table.name) + "'");
  for (const auto& [schema, name] : views_[i]) {
    if (schemas_.insert(LowerCase(schema)).second)
      plan_.views += fmt::format("CREATE SCHEMA IF NOT EXISTS {};\n", QuoteName(schema));
    plan_.views +=
        fmt::format("CREATE VIEW {}.{} AS {};\n", QuoteName(schema), QuoteName(name), *select);
  }
  plan_.tables.push_back(std::move(told));
  return {};
}

}  // namespace

Result<QueryPlan> MakePlan(const SqlText& text, const Analysis& analysis,
                           const std::vector<BoundTable>& bound, const QueryRequest& request,
                           lake::ManifestCache& manifests, ScanFiles& files) {
  return Planner(text, analysis, bound, request, manifests, files).Plan();
}

}  // namespace caudal::query
