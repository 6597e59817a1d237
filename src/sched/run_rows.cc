#include "sched/run_rows.h"

#include <array>

namespace caudal::sched {
namespace {

constexpr std::array<meta::Migration, 1> kMigrations = {{{"sched", 1, R"sql(
CREATE TABLE runs(
  id INTEGER PRIMARY KEY,
  kind TEXT NOT NULL,
  job TEXT NOT NULL,
  trigger_ TEXT NOT NULL,
  input TEXT NOT NULL,
  key TEXT NOT NULL,
  sequence INTEGER NOT NULL,
  attempt INTEGER NOT NULL,
  status INTEGER NOT NULL,
  queued INTEGER NOT NULL,
  started INTEGER NOT NULL,
  ended INTEGER NOT NULL,
  rows_in INTEGER,
  rows_accepted INTEGER,
  rows_quarantined INTEGER,
  outputs TEXT NOT NULL,
  report TEXT NOT NULL,
  error_kind INTEGER,
  error TEXT NOT NULL,
  superseded INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX runs_by_job ON runs(kind, job, id);
CREATE INDEX runs_by_key ON runs(key, kind, job, id);
CREATE INDEX runs_running ON runs(id) WHERE status = 0;
)sql"}}};

#define CAUDAL_RUN_COLUMNS                                                                   \
  "id, kind, job, trigger_, input, key, sequence, attempt, status, queued, started, ended, " \
  "rows_in, rows_accepted, rows_quarantined, outputs, report, error_kind, error"

std::optional<int64_t> OptionalInt(const meta::Statement& row, int column) {
  if (row.IsNull(column)) return std::nullopt;
  return row.Int(column);
}

std::string OutputsText(const std::vector<RunOutput>& outputs) {
  Json list = Json::array();
  for (const RunOutput& output : outputs) {
    Json one = {{"uri", output.uri}, {"generation", output.generation}, {"bytes", output.bytes}};
    if (output.rows) one["rows"] = *output.rows;
    list.push_back(std::move(one));
  }
  return DumpJson(list);
}

Result<std::vector<RunOutput>> OutputsFrom(std::string_view text) {
  const Json list = TRY(ParseJson(text, "outputs of a run"));
  std::vector<RunOutput> outputs;
  for (const Json& one : list) {
    RunOutput output;
    output.uri = one.value("uri", "");
    output.generation = one.value("generation", int64_t{0});
    output.bytes = one.value("bytes", uint64_t{0});
    if (one.contains("rows")) output.rows = one.value("rows", int64_t{0});
    outputs.push_back(std::move(output));
  }
  return outputs;
}

Result<RunRecord> RunFrom(const meta::Statement& row) {
  RunRecord run;
  int column = 0;
  run.id = row.Int(column++);
  run.kind = row.Text(column++);
  run.job = row.Text(column++);
  run.trigger = row.Text(column++);
  run.input = row.Text(column++);
  run.key = row.Text(column++);
  run.sequence = row.Int(column++);
  run.attempt = static_cast<int>(row.Int(column++));
  run.status = static_cast<RunStatus>(row.Int(column++) & 3);
  run.queued = row.Int(column++);
  run.started = row.Int(column++);
  run.ended = row.Int(column++);
  run.rows_in = OptionalInt(row, column++);
  run.rows_accepted = OptionalInt(row, column++);
  run.rows_quarantined = OptionalInt(row, column++);
  run.outputs = TRY(OutputsFrom(row.Text(column++)));
  run.report = TRY(ParseJson(row.Text(column++), "report of a run"));
  if (const auto kind = OptionalInt(row, column++)) run.error_kind = static_cast<ErrorKind>(*kind);
  run.error = row.Text(column++);
  return run;
}

}  // namespace

std::span<const meta::Migration> RunMigrations() { return kMigrations; }

Result<void> PutRun(meta::Tx& tx, const RunRecord& run) {
  std::optional<int64_t> error_kind;
  if (run.error_kind) error_kind = static_cast<int64_t>(*run.error_kind);
  const std::string outputs = OutputsText(run.outputs);
  const std::string report = DumpJson(run.report);
  TRY(tx.Run("INSERT OR REPLACE INTO runs(" CAUDAL_RUN_COLUMNS
             ") VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
             run.id, run.kind, run.job, run.trigger, run.input, run.key, run.sequence, run.attempt,
             static_cast<int64_t>(run.status), run.queued, run.started, run.ended, run.rows_in,
             run.rows_accepted, run.rows_quarantined, outputs, report, error_kind, run.error));
  return {};
}

Result<std::optional<RunRecord>> ReadRun(meta::Connection& connection, int64_t id) {
  meta::Statement q =
      TRY(connection.Prepare("SELECT " CAUDAL_RUN_COLUMNS " FROM runs WHERE id = ?"));
  q.Bind(1, id);
  const bool found = TRY(q.Step());
  if (!found) return std::optional<RunRecord>();
  RunRecord run = TRY(RunFrom(q));
  return std::optional<RunRecord>(std::move(run));
}

Result<std::vector<RunRecord>> ReadRuns(meta::Connection& connection, const RunQuery& query) {
  // A statement for each way to find them, so that each has its index.
  std::string_view sql =
      "SELECT " CAUDAL_RUN_COLUMNS
      " FROM runs WHERE id < ?1 AND (?2 = -1 OR status = ?2) AND (?4 = '' OR kind = ?4) "
      "AND (?5 = '' OR job = ?5) AND (?6 = '' OR key = ?6) ORDER BY id DESC LIMIT ?3";
  if (!query.key.empty()) {
    sql = "SELECT " CAUDAL_RUN_COLUMNS
          " FROM runs WHERE key = ?6 AND id < ?1 AND (?2 = -1 OR status = ?2) "
          "AND (?4 = '' OR kind = ?4) AND (?5 = '' OR job = ?5) ORDER BY id DESC LIMIT ?3";
  } else if (!query.kind.empty() && !query.job.empty()) {
    sql = "SELECT " CAUDAL_RUN_COLUMNS
          " FROM runs WHERE kind = ?4 AND job = ?5 AND ?6 = '' AND id < ?1 "
          "AND (?2 = -1 OR status = ?2) ORDER BY id DESC LIMIT ?3";
  }
  meta::Statement q = TRY(connection.Prepare(sql));
  q.Bind(1, query.before > 0 ? query.before : INT64_MAX);
  q.Bind(2, query.status ? static_cast<int64_t>(*query.status) : int64_t{-1});
  q.Bind(3, query.limit);
  q.Bind(4, query.kind);
  q.Bind(5, query.job);
  q.Bind(6, query.key);
  std::vector<RunRecord> runs;
  while (TRY(q.Step())) {
    RunRecord run = TRY(RunFrom(q));
    runs.push_back(std::move(run));
  }
  return runs;
}

Result<std::optional<RunRecord>> ReadSucceeded(meta::Connection& connection,
                                               const std::string& kind, const std::string& job,
                                               const std::string& key) {
  meta::Statement q =
      TRY(connection.Prepare("SELECT " CAUDAL_RUN_COLUMNS
                             " FROM runs WHERE key = ? AND kind = ? AND job = ? AND status = 1 AND "
                             "superseded = 0 ORDER BY id DESC LIMIT 1"));
  q.BindAll(key, kind, job);
  const bool found = TRY(q.Step());
  if (!found) return std::optional<RunRecord>();
  RunRecord run = TRY(RunFrom(q));
  return std::optional<RunRecord>(std::move(run));
}

Result<void> SupersedeRuns(meta::Tx& tx, const std::string& kind, const std::string& job,
                           const std::string& key) {
  TRY(tx.Run("UPDATE runs SET superseded = 1 WHERE key = ? AND kind = ? AND job = ?", key, kind,
             job));
  return {};
}

Result<std::vector<JobCounts>> CountRuns(meta::Connection& connection, const std::string& kind) {
  meta::Statement q =
      TRY(connection.Prepare("SELECT job, status, count(*), max(id) FROM runs WHERE kind = ? "
                             "GROUP BY job, status ORDER BY job"));
  q.Bind(1, kind);
  std::vector<JobCounts> jobs;
  while (TRY(q.Step())) {
    if (jobs.empty() || jobs.back().job != q.Text(0)) jobs.push_back({std::string(q.Text(0))});
    JobCounts& counts = jobs.back();
    counts.by_status[static_cast<size_t>(q.Int(1) & 3)] = q.Int(2);
    counts.last_run = std::max(counts.last_run, q.Int(3));
  }
  return jobs;
}

Result<int64_t> LastRunId(meta::Connection& connection) {
  meta::Statement q = TRY(connection.Prepare("SELECT coalesce(max(id), 0) FROM runs"));
  TRY(q.Step());
  return q.Int(0);
}

Result<int64_t> InterruptRunning(meta::Tx& tx, Micros now) {
  return tx.Run(
      "UPDATE runs SET status = 3, ended = max(?1, started), "
      "error = 'the server ended before the run did' WHERE status = 0",
      now);
}

Result<std::vector<int64_t>> DeleteOld(meta::Tx& tx, Micros before, int64_t keep, int limit) {
  std::vector<int64_t> ids;
  {
    meta::Statement q = TRY(tx.Prepare(
        "SELECT id FROM runs WHERE status <> 0 AND id < (SELECT max(id) FROM runs) AND (ended < ?1 "
        "OR id <= (SELECT id FROM runs ORDER BY id DESC LIMIT 1 OFFSET ?2)) ORDER BY id LIMIT ?3"));
    q.BindAll(before, keep, limit);
    while (TRY(q.Step())) ids.push_back(q.Int(0));
  }
  for (const int64_t id : ids) TRY(tx.Run("DELETE FROM runs WHERE id = ?", id));
  return ids;
}

}  // namespace caudal::sched
