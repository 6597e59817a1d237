#include "query/queries.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <optional>
#include <utility>

#include "base/mutex.h"
#include "query/analysis_cache.h"
#include "query/parquet_copy.h"
#include "query/query_plan.h"
#include "query/table_names.h"
#include "query/turnstile.h"

namespace caudal::query {
namespace {

using SteadyTime = std::chrono::steady_clock::time_point;

std::vector<std::pair<std::string, engine::Value>> Named(const QueryRequest& request) {
  std::vector<std::pair<std::string, engine::Value>> named;
  named.reserve(request.parameters.size());
  for (const Parameter& parameter : request.parameters)
    named.emplace_back(parameter.name, parameter.value);
  return named;
}

class RunningQuery final : public Query {
 public:
  RunningQuery(Turnstile::Place place, std::unique_ptr<engine::Session> session,
               std::shared_ptr<QueryControl> control)
      : place_(std::move(place)), session_(std::move(session)), control_(std::move(control)) {}
  ~RunningQuery() override {
    if (control_ != nullptr) control_->Detach();
  }

  engine::Session& session() { return *session_; }
  void Start(std::unique_ptr<engine::Rows> rows, std::vector<QueryTable> tables) {
    rows_ = std::move(rows);
    tables_ = std::move(tables);
  }

  engine::Rows& rows() override { return *rows_; }
  engine::Progress progress() const override { return session_->progress(); }
  void Cancel() override { session_->Cancel(); }
  const std::vector<QueryTable>& tables() const override { return tables_; }
  Result<engine::Output> TakeFile() override { return session_->TakeOutput(kParquetFile); }

 private:
  // The place is given back when the worker is free.
  const Turnstile::Place place_;
  const std::unique_ptr<engine::Session> session_;
  const std::shared_ptr<QueryControl> control_;
  std::vector<QueryTable> tables_;
  std::unique_ptr<engine::Rows> rows_;
};

class LakeQueries final : public Queries {
 public:
  LakeQueries(QueriesOptions options, lake::Catalog& catalog, objects::Store& store,
              lake::ManifestCache& manifests, lake::PositionDeleteCache& deletes)
      : options_(std::move(options)),
        catalog_(catalog),
        store_(store),
        manifests_(manifests),
        deletes_(deletes),
        turnstile_(options_.running_max, options_.waiting_max) {}

  Result<std::unique_ptr<Query>> Run(const QueryRequest& request) override;

 private:
  Result<engine::Engine*> StartedEngine() EXCLUDES(mutex_);
  Result<std::vector<BoundTable>> Bind(const SqlText& text, const Analysis& analysis,
                                       const QueryRequest& request, engine::Session& session);
  Result<std::vector<ChosenSnapshot>> Choose(const SqlText& text, const Analysis& analysis,
                                             const std::vector<lake::LoadedTable>& tables,
                                             const QueryRequest& request, engine::Session& session);

  const QueriesOptions options_;
  lake::Catalog& catalog_;
  objects::Store& store_;
  lake::ManifestCache& manifests_;
  lake::PositionDeleteCache& deletes_;
  Turnstile turnstile_;
  FileColumnsCache columns_;
  AnalysisCache analyses_;
  Mutex mutex_;
  std::unique_ptr<engine::Engine> engine_ GUARDED_BY(mutex_);
};

Result<engine::Engine*> LakeQueries::StartedEngine() {
  MutexLock lock(mutex_);
  if (engine_ == nullptr) engine_ = TRY(engine::Engine::Make(options_.engine));
  return engine_.get();
}

// By DuckDB's own parser, which runs where nothing can happen.
Result<SharedAnalysis> Parse(const SqlText& text, engine::Session& session, AnalysisCache& known) {
  if (SharedAnalysis analysis = known.Find(text.sql)) return analysis;
  const engine::Statement statement{
      "SELECT json_serialize_sql($sql::VARCHAR)", {{"sql", text.sql}}, true};
  const std::unique_ptr<engine::Rows> rows = TRY(session.Run(statement));
  const engine::Table table = TRY(engine::ReadAll(*rows, 1));
  if (table.rows.size() != 1 || !table.rows[0][0])
    return MakeError(ErrorKind::kInternal, "DuckDB gives no parse tree");
  Analysis analysis = TRY(Analyze(text, *table.rows[0][0]));
  return known.Keep(text.sql, std::move(analysis));
}

// What the AT clauses' expressions are, as text: microseconds of times, versions as they are.
Result<std::vector<std::string>> ReadTimes(const SqlText& text, const Analysis& analysis,
                                           const QueryRequest& request, engine::Session& session) {
  std::string list;
  for (const TableUse& use : analysis.tables) {
    if (use.time == nullptr) continue;
    const TablePlace place = TRY(FindTablePlace(text, use.at, use.name, true));
    if (!list.empty()) list += ", ";
    list += use.by_version ? fmt::format("CAST(({}) AS VARCHAR)", place.at_expression)
                           : fmt::format("CAST(epoch_us(CAST(({}) AS TIMESTAMPTZ)) AS VARCHAR)",
                                         place.at_expression);
  }
  std::vector<std::string> times;
  if (list.empty()) return times;
  Result<std::unique_ptr<engine::Rows>> rows =
      session.Run({"SELECT " + list, Named(request), false});
  if (!rows.ok()) return std::move(rows).error().Within("the time of a table");
  const engine::Table table = TRY(engine::ReadAll(**rows, 1));
  for (const std::optional<std::string>& time : table.rows.at(0)) {
    if (!time)
      return MakeError(ErrorKind::kInvalid, "the time or version of a table is null",
                       "query.syntax");
    times.push_back(*time);
  }
  return times;
}

Result<std::vector<ChosenSnapshot>> LakeQueries::Choose(
    const SqlText& text, const Analysis& analysis, const std::vector<lake::LoadedTable>& tables,
    const QueryRequest& request, engine::Session& session) {
  const std::vector<std::string> times = TRY(ReadTimes(text, analysis, request, session));
  std::vector<ChosenSnapshot> all;
  size_t next = 0;
  for (size_t i = 0; i < tables.size(); ++i) {
    const lake::TableMetadata& metadata = *tables[i].metadata;
    const TableUse& use = analysis.tables[i];
    if (use.time == nullptr) {
      all.push_back(CurrentSnapshot(metadata));
      continue;
    }
    const std::string& time = times[next++];
    int64_t micros = 0;
    (void)std::from_chars(time.data(), time.data() + time.size(), micros);
    Result<ChosenSnapshot> chosen =
        use.by_version ? SnapshotOfVersion(metadata, time) : SnapshotAt(metadata, micros);
    if (!chosen.ok())
      return std::move(chosen).error().Within("the table '" + lake::TextOf(tables[i].name) + "'");
    all.push_back(*chosen);
  }
  return all;
}

Result<std::vector<BoundTable>> LakeQueries::Bind(const SqlText& text, const Analysis& analysis,
                                                  const QueryRequest& request,
                                                  engine::Session& session) {
  std::vector<lake::WantedTable> wanted;
  for (const TableUse& use : analysis.tables) {
    lake::WantedTable each = TRY(WantedOf(use, request.default_dataset));
    wanted.push_back(std::move(each));
  }
  std::vector<lake::LoadedTable> tables = TRY(catalog_.LoadAll(wanted));
  const std::vector<ChosenSnapshot> chosen = TRY(Choose(text, analysis, tables, request, session));
  std::vector<BoundTable> bound;
  for (size_t i = 0; i < tables.size(); ++i) bound.push_back({std::move(tables[i]), chosen[i]});
  return bound;
}

Result<void> MakeViews(engine::Session& session, const PlannedSql& planned) {
  if (!planned.views.empty()) TRY(session.Execute({planned.views, {}, true}));
  return {};
}

Result<std::unique_ptr<engine::Rows>> RunPlan(engine::Session& session, const QueryPlan& plan,
                                              const QueryRequest& request) {
  const auto run = [&](const PlannedSql& planned) {
    return session.Run({planned.sql, Named(request), false});
  };
  if (plan.direct) {
    TRY(MakeViews(session, *plan.direct));
    Result<std::unique_ptr<engine::Rows>> rows = run(*plan.direct);
    const bool wrong = !rows.ok() && (rows.error().Is(ErrorKind::kInvalid) ||
                                      rows.error().Is(ErrorKind::kUnsupported));
    if (!wrong) return rows;
    // What is wrong is told of the user's words. Not all errors leave a session that goes on.
    if (!MakeViews(session, plan.named).ok()) return rows;
    return run(plan.named);
  }
  TRY(MakeViews(session, plan.named));
  return run(plan.named);
}

Result<std::unique_ptr<Query>> LakeQueries::Run(const QueryRequest& request) {
  const SqlText text = TRY(PrepareText(request.sql));
  const auto time = std::min(request.timeout.value_or(options_.default_time), options_.limits.time);
  const SteadyTime now = std::chrono::steady_clock::now();
  Turnstile::Place place = TRY(turnstile_.Enter(
      request.client, now + std::min(time, options_.wait_max), request.control.get()));

  engine::Engine* engine = TRY(StartedEngine());
  engine::SessionRequest open;
  open.limits = options_.limits;
  open.limits.time = time;
  // Dates and times without a zone are compared in UTC, as bounds are.
  // Files are opened for their views, and again for the statement.
  open.settings = {{"TimeZone", "UTC"}, {"parquet_metadata_cache", "true"}};
  // Users' SQL is held against a list of what queries may do; ours makes views.
  open.undone = true;
  std::unique_ptr<engine::Session> session = TRY(engine->Open(open));
  auto query =
      std::make_unique<RunningQuery>(std::move(place), std::move(session), request.control);
  if (request.control != nullptr) TRY(request.control->Attach(query->session()));

  const SharedAnalysis analysis = TRY(Parse(text, query->session(), analyses_));
  const std::vector<BoundTable> bound = TRY(Bind(text, *analysis, request, query->session()));
  ScanFiles files(store_, columns_, deletes_);
  QueryPlan plan = TRY(MakePlan(text, *analysis, bound, request, manifests_, files));
  for (const engine::Input& input : files.Inputs()) TRY(query->session().AddInput(input));
  const std::vector<engine::HiddenRows> hidden = files.Hidden();
  if (!hidden.empty()) TRY(query->session().HideRows(hidden));
  std::unique_ptr<engine::Rows> rows;
  if (request.to_parquet) {
    TRY(MakeViews(query->session(), plan.named));
    TRY(CopyToParquet(query->session(), plan.named.sql, Named(request)));
  } else {
    rows = TRY(RunPlan(query->session(), plan, request));
  }
  query->Start(std::move(rows), std::move(plan.tables));
  return std::unique_ptr<Query>(std::move(query));
}

}  // namespace

std::unique_ptr<Queries> MakeQueries(QueriesOptions options, lake::Catalog& catalog,
                                     objects::Store& store, lake::ManifestCache& manifests,
                                     lake::PositionDeleteCache& deletes) {
  return std::make_unique<LakeQueries>(std::move(options), catalog, store, manifests, deletes);
}

}  // namespace caudal::query
