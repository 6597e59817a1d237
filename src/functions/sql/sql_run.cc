#include "functions/sql/sql_run.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <set>
#include <stop_token>

#include "base/failpoint.h"
#include "engine/describe.h"
#include "functions/sql/event_table.h"
#include "functions/sql/input_table.h"
#include "functions/sql/messages.h"
#include "os/file.h"

namespace caudal::functions {
namespace {

using std::chrono::steady_clock;

std::string SecondsSince(steady_clock::time_point start) {
  return fmt::format("{:.2f} s",
                     std::chrono::duration<double>(steady_clock::now() - start).count());
}

}  // namespace

SqlRun::SqlRun(const SqlPart& part, const RunContext& context, engine::Engine& engine,
               objects::Store& store, const std::string& work)
    : part_(part),
      context_(context),
      engine_(engine),
      store_(store),
      go_on_([this] { return MayGoOn(); }),
      work_(work) {}

SqlRun::~SqlRun() {
  for (const RunOutput& output : outputs_)
    if (!output.path.empty()) (void)os::Remove(output.path).ok();
}

Result<void> SqlRun::MayGoOn() const {
  if (context_.cancel.stop_requested()) return MakeError(ErrorKind::kCancelled, "the server stops");
  if (steady_clock::now() < context_.deadline) return {};
  return MakeError(ErrorKind::kTimeout, "it took longer than the function's 'timeout'");
}

RunResult SqlRun::Superseded(const Error& error) const {
  RunResult result;
  context_.log.Note(error.message);
  result.report["superseded"] = error.message;
  return result;
}

Result<void> SqlRun::FindInputs() {
  for (size_t i = 0; i < part_.inputs.size(); ++i) {
    TRY(MayGoOn());
    RunInput input = TRY(FindInput(store_, part_.inputs[i], context_.event, i + 1, work_, go_on_));
    input.complete = std::ranges::any_of(part_.expect, [&](const SqlExpectation& expectation) {
      return expectation.rule.kind == checks::RuleKind::kComplete &&
             expectation.rule.action == checks::Action::kFail &&
             expectation.rule.of == input.spec->table;
    });
    context_.log.Note(fmt::format("{}: {} bytes", input.What(), input.opened.object.size));
    inputs_.push_back(std::move(input));
  }
  return {};
}

Result<void> SqlRun::OpenSession() {
  engine::SessionRequest request;
  for (const RunInput& input : inputs_) request.inputs.push_back(input.file);
  request.limits.memory_bytes = context_.function.memory_bytes;
  request.limits.threads = part_.threads;
  request.limits.temp_bytes = part_.temp_bytes_max;
  request.limits.output_bytes = part_.output_bytes_max;
  request.limits.time = std::chrono::duration_cast<std::chrono::milliseconds>(context_.deadline -
                                                                              steady_clock::now());
  if (request.limits.time.count() < 1) return MayGoOn();
  request.settings = {{"TimeZone", "UTC"}};
  session_ = TRY(engine_.Open(request));
  return {};
}

Result<void> SqlRun::MakeTables() {
  const engine::Statement event = EventTable(context_.event);
  TRY(session_->Execute(event));
  for (RunInput& input : inputs_) {
    const auto start = steady_clock::now();
    TRY(MakeInputTable(*session_, input, work_, go_on_));
    rows_known_[input.spec->table] = input.rows;
    context_.log.Note(
        fmt::format("{}: {} rows, read in {}", input.What(), input.rows, SecondsSince(start)));
  }
  return {};
}

Result<void> SqlRun::RunSql() {
  const auto start = steady_clock::now();
  const events::Event& event = context_.event;
  const Result<int64_t> done =
      session_->Execute({part_.sql,
                         {{"bucket", event.bucket}, {"name", event.object}, {"uri", UriOf(event)}},
                         false});
  if (!done.ok()) return InSql(done.error(), "the SQL");
  context_.log.Note("the SQL ran in " + SecondsSince(start));
  return {};
}

Result<void> SqlRun::ApplyRules() {
  std::vector<std::string> tables;
  std::map<std::string, std::vector<checks::Rule>> rules;
  for (const SqlExpectation& expectation : part_.expect) {
    if (!rules.contains(expectation.table)) tables.push_back(expectation.table);
    rules[expectation.table].push_back(expectation.rule);
  }
  for (const std::string& table : tables) {
    const auto start = steady_clock::now();
    Result<checks::TableResult> applied =
        checks::Apply(*session_, table, rules[table], rows_known_);
    if (!applied.ok()) return InSql(std::move(applied).error(), "expect");
    const checks::TableResult& result = checked_.emplace_back(std::move(applied).take());
    context_.log.Note(
        fmt::format("table '{}': {} rows, {} accepted, {} to quarantine, judged in {}", table,
                    result.rows, result.accepted, result.quarantined, SecondsSince(start)));
    for (const checks::RuleResult& rule : result.rules)
      if (rule.rows != 0)
        context_.log.Note(fmt::format("rule '{}' ({}): {} rows: {}", rule.rule,
                                      checks::NameOf(rule.action), rule.rows, rule.reason));
  }
  return {};
}

// What was made of a table before rows left it still has them, unless it is a view.
void SqlRun::WarnOfTables() {
  std::set<std::string> judged;
  std::string emptied;
  for (const checks::TableResult& result : checked_) {
    judged.insert(result.table);
    if (result.quarantined != 0) emptied += (emptied.empty() ? "'" : ", '") + result.table + "'";
  }
  if (emptied.empty()) return;
  for (const SqlOutput& output : part_.outputs) {
    if (!judged.insert(output.table).second) continue;
    const Result<bool> is_table = engine::IsTable(*session_, output.table);
    if (!is_table.ok() || !*is_table) continue;
    warnings_.push_back(fmt::format(
        "'{}' is a TABLE that the SQL made before rows of {} went to quarantine: if it is made of "
        "that, those rows are in it. Make it a VIEW",
        output.table, emptied));
    context_.log.Note("warning: " + warnings_.back());
  }
}

Result<void> SqlRun::WriteFiles() {
  for (const bool quarantine : {true, false})
    for (const SqlOutput& spec : part_.outputs) {
      if (spec.quarantine != quarantine) continue;
      std::string table = spec.table;
      for (const checks::TableResult& result : checked_)
        if (quarantine && result.table == spec.table) table = result.quarantine_table;
      RunOutput output = TRY(PlanOutput(spec, table, context_.event.object));
      outputs_.push_back(std::move(output));
    }
  TRY(WriteOutputs(*session_, outputs_));
  for (const RunOutput& output : outputs_)
    context_.log.Note(fmt::format("wrote {} rows for {} in {:.2f} s", output.rows,
                                  output.uri.Text(), output.seconds.count()));
  return CheckRowsWritten();
}

// Every row that came is in a file, or the run is no good.
Result<void> SqlRun::CheckRowsWritten() const {
  for (const RunOutput& output : outputs_)
    for (const checks::TableResult& result : checked_) {
      const bool quarantined = output.table == result.quarantine_table && output.quarantine;
      if (!quarantined && output.table != result.table) continue;
      const int64_t wanted = quarantined ? result.quarantined : result.accepted;
      if (output.rows == wanted) continue;
      return MakeError(
          ErrorKind::kInternal,
          fmt::format("{} has {} rows instead of {}: of the {} rows of '{}', {} were accepted and "
                      "{} go to quarantine. Does its SQL give other rows each time (random(), "
                      "LIMIT without ORDER BY)? Make it a TABLE",
                      output.uri.Text(), output.rows, wanted, result.rows, result.table,
                      result.accepted, result.quarantined),
          "function.sum");
    }
  return {};
}

void SqlRun::FillReport() {
  Json inputs = Json::array();
  int64_t event_rows = 0;
  bool of_event = false;
  for (const RunInput& input : inputs_) {
    inputs.push_back({{"table", input.spec->table},
                      {"uri", input.uri.Text()},
                      {"generation", input.opened.object.generation},
                      {"bytes", input.opened.object.size},
                      {"rows", input.rows}});
    if (!input.spec->is_event()) continue;
    of_event = true;
    event_rows += input.rows;
  }
  result_.report["inputs"] = std::move(inputs);
  Json checked = Json::array();
  for (const checks::TableResult& result : checked_) {
    checked.push_back(checks::ToJson(result));
    if (result.quarantine_table.empty()) continue;
    result_.rows_in = result_.rows_in.value_or(0) + result.rows;
    result_.rows_accepted = result_.rows_accepted.value_or(0) + result.accepted;
    result_.rows_quarantined = result_.rows_quarantined.value_or(0) + result.quarantined;
  }
  if (!checked.empty()) result_.report["checks"] = std::move(checked);
  if (!warnings_.empty()) result_.report["warnings"] = warnings_;
  if (!result_.rows_in && of_event) result_.rows_in = event_rows;
  const engine::SessionStats stats = session_->stats();
  result_.report["engine"] = {{"memory_bytes_max", stats.resident_bytes_max},
                              {"milliseconds", stats.time.count() / 1000}};
}

Result<void> SqlRun::Publish() {
  std::vector<objects::FileToPublish> files = FilesOf(outputs_);
  for (objects::FileToPublish& file : files)
    file.request.metadata.custom = {{"caudal-function", context_.function.name},
                                    {"caudal-run", std::to_string(context_.run)}};
  FAILPOINT("functions.sql.publish");
  TRY(store_.PublishAll(
      std::move(files),
      [this](meta::Tx& tx, std::span<const objects::Object> objects) -> Result<void> {
        result_.outputs.clear();
        for (size_t i = 0; i < objects.size(); ++i)
          result_.outputs.push_back(
              {outputs_[i].uri.Text(), objects[i].generation, objects[i].size, outputs_[i].rows});
        if (!context_.succeed) return {};
        return context_.succeed(tx, result_);
      }));
  FAILPOINT_NO_ERROR("functions.sql.published");
  return {};
}

Result<RunResult> SqlRun::RunInSession() {
  // Declared after the session: gone before it is.
  const std::stop_callback cancel(context_.cancel, [this] { session_->Cancel(); });
  TRY(MayGoOn());
  TRY(MakeTables());
  TRY(RunSql());
  TRY(ApplyRules());
  WarnOfTables();
  TRY(WriteFiles());
  FillReport();
  TRY(MayGoOn());
  TRY(Publish());
  return result_;
}

Result<RunResult> SqlRun::Run() {
  Result<void> found = FindInputs();
  if (!found.ok()) {
    if (found.error().code == "input.superseded") return Superseded(found.error());
    return std::move(found).error();
  }
  TRY(OpenSession());
  Result<RunResult> result = RunInSession();
  session_.reset();
  return result;
}

}  // namespace caudal::functions
