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

// Of subqueries in one SQL; beyond, views are shorter.
constexpr size_t kDirectBytesMax = 1u << 20;

// A table at a state, however often the SQL names it.
struct Scanned {
  const BoundTable* bound = nullptr;
  std::vector<Condition> conditions;  // of its uses: a file is read when one of them may hold
  std::string select;                 // its rows, as SQL
};

// A view for each name that a table goes by; one schema may hold several.
class Views {
 public:
  void Add(const std::string& schema, const std::string& name, const std::string& select) {
    if (schemas_.insert(LowerCase(schema)).second)
      sql_ += fmt::format("CREATE SCHEMA IF NOT EXISTS {};\n", QuoteName(schema));
    if (names_.emplace(LowerCase(schema), LowerCase(name)).second)
      sql_ += fmt::format("CREATE OR REPLACE VIEW {}.{} AS {};\n", QuoteName(schema),
                          QuoteName(name), select);
  }
  const std::string& sql() const { return sql_; }

 private:
  std::string sql_;
  std::set<std::string> schemas_;
  std::set<std::pair<std::string, std::string>> names_;
};

// How a use of a table is written.
struct Written {
  std::string schema;  // of its view
  std::string name;
  std::vector<Edit> edits;  // so that the text names the view
  TablePlace place;
  bool direct = false;  // a subquery may stand there
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
    for (size_t i = 0; i < analysis_.tables.size(); ++i) {
      Written written = TRY(Write(i));
      written_.push_back(std::move(written));
    }
    for (Scanned& scanned : scanned_) TRY(Scan(scanned));
    plan_.named = Compose(false);
    if (MayBeDirect()) plan_.direct = Compose(true);
    return std::move(plan_);
  }

 private:
  void Collect();
  Result<Written> Write(size_t use);
  Result<void> Scan(Scanned& scanned);
  bool MayBeDirect() const;
  PlannedSql Compose(bool direct) const;

  const SqlText& text_;
  const Analysis& analysis_;
  const std::vector<BoundTable>& bound_;
  const QueryRequest& request_;
  lake::ManifestCache& manifests_;
  ScanFiles& files_;

  std::vector<Scanned> scanned_;
  std::vector<size_t> scanned_of_;  // of each use
  std::vector<Written> written_;    // likewise
  // Views by their schema's and own name, as DuckDB tells them apart, and whose they are.
  std::map<std::pair<std::string, std::string>, size_t> names_;
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
}

// The view has the name that the SQL has, where DuckDB finds it by that; else the SQL is changed.
Result<Written> Planner::Write(size_t i) {
  const TableUse& use = analysis_.tables[i];
  const size_t scanned = scanned_of_[i];
  Written written{
      use.schema.empty() ? request_.default_dataset : use.schema, use.name, {}, {}, false};
  const bool own = std::ranges::count(kOwnSchemas, LowerCase(written.schema)) > 0;
  bool natural = use.time == nullptr && use.catalog.empty() && !written.schema.empty() && !own;
  const auto taken = [&] {
    const auto key = std::pair(LowerCase(written.schema), LowerCase(use.name));
    return names_.emplace(key, scanned).first->second != scanned;
  };
  if (natural) natural = !taken();
  if (!natural) {
    written.schema = fmt::format("table/{}", scanned);  // no dataset's name has such a sign
    (void)taken();
  }
  if (natural && !use.schema.empty() && !IsPlaceOfSubquery(text_, use.at)) return written;
  written.place = TRY(FindTablePlace(text_, use.at, use.name, use.time != nullptr));
  const TablePlace& place = written.place;
  written.direct = use.time == nullptr && IsPlaceOfSubquery(text_, use.at);
  if (natural && !use.schema.empty()) return written;
  written.edits.push_back(
      {place.name_begin, place.name_end, QuoteName(written.schema) + "." + QuoteName(use.name)});
  if (use.time != nullptr) written.edits.push_back({place.at_begin, place.at_end, ""});
  return written;
}

Result<void> Planner::Scan(Scanned& scanned) {
  const BoundTable& bound = *scanned.bound;
  const lake::TableMetadata& metadata = *bound.table.metadata;
  QueryTable told{bound.table.name, -1, 0, 0};
  TableScan scan{metadata, *bound.chosen.schema, {}};
  if (bound.chosen.snapshot != nullptr) {
    told.snapshot_id = bound.chosen.snapshot->id;
    const lake::SharedFiles live = TRY(manifests_.Read(*bound.chosen.snapshot));
    scan.files = lake::PlanScan(*live, metadata);
    const size_t all = scan.files.size();
    std::erase_if(scan.files, [&](const lake::ScanFile& file) {
      return std::ranges::none_of(scanned.conditions, [&](const Condition& condition) {
        return MayMatch(condition, *file.data, metadata);
      });
    });
    told.files = scan.files.size();
    told.files_pruned = all - told.files;
  }
  Result<std::string> select = TableSql(scan, files_);
  if (!select.ok())
    return std::move(select).error().Within("the table '" + lake::TextOf(bound.table.name) + "'");
  scanned.select = std::move(select).take();
  plan_.tables.push_back(std::move(told));
  return {};
}

// Columns may be told apart by their table's schema, which a subquery has none of.
bool Planner::MayBeDirect() const {
  size_t bytes = 0;
  bool some = false;
  for (size_t i = 0; i < written_.size(); ++i) {
    if (!written_[i].direct) continue;
    some = true;
    bytes += scanned_[scanned_of_[i]].select.size();
    if (HasLongName(text_, LowerCase(written_[i].schema))) return false;
  }
  return some && bytes <= kDirectBytesMax;
}

PlannedSql Planner::Compose(bool direct) const {
  Views views;
  std::vector<Edit> edits;
  for (size_t i = 0; i < written_.size(); ++i) {
    const Written& written = written_[i];
    const std::string& select = scanned_[scanned_of_[i]].select;
    if (direct && written.direct) {
      // On lines of its own: DuckDB shows the line of what it finds wrong.
      std::string subquery = "\n(" + select + ")\n";
      if (!analysis_.tables[i].aliased) subquery += "AS " + QuoteName(written.name);
      edits.push_back({written.place.name_begin, written.place.name_end, std::move(subquery)});
      continue;
    }
    views.Add(written.schema, written.name, select);
    edits.insert(edits.end(), written.edits.begin(), written.edits.end());
  }
  return {views.sql(), Apply(text_.sql, std::move(edits))};
}

}  // namespace

Result<QueryPlan> MakePlan(const SqlText& text, const Analysis& analysis,
                           const std::vector<BoundTable>& bound, const QueryRequest& request,
                           lake::ManifestCache& manifests, ScanFiles& files) {
  return Planner(text, analysis, bound, request, manifests, files).Plan();
}

}  // namespace caudal::query
