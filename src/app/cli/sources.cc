#include <fmt/format.h>

#include "api/admin/source_routes.h"
#include "app/cli/admin_client.h"
#include "app/cli/commands.h"
#include "app/cli/offline.h"
#include "app/cli/source_cells.h"
#include "app/cli/table.h"
#include "app/config/load.h"
#include "app/config/units.h"
#include "app/source_service.h"
#include "http/message.h"

namespace caudal::app::cli {
namespace {

struct Options {
  std::string source;
  std::vector<std::string> tables;
  bool all = false;
};

int List(const Context& context, const Options&) {
  Result<AdminClient> client = AdminClient::Connect(context);
  if (!client.ok()) return context.Fail(client.error());
  const Result<Json> answer = client->Get("/api/v1/sources");
  if (!answer.ok()) return context.Fail(answer.error());
  if (context.json) {
    context.PrintJson(*answer);
    return kDone;
  }
  std::vector<std::vector<std::string>> rows;
  for (const Json& source : (*answer)["sources"])
    rows.push_back({Cell(source, "name"), Cell(source, "place"), Cell(source, "dataset"),
                    Cell(source, "state"), Cell(source, "position"), LagCell(source),
                    SourceErrorCell(source)});
  PrintTable(context, {"SOURCE", "PLACE", "DATASET", "STATE", "POSITION", "LAG", "ERROR"}, rows);
  return kDone;
}

std::string PathOf(const Options& options, const char* what = "") {
  return "/api/v1/sources/" + http::PercentEncode(options.source) + what;
}

int Show(const Context& context, const Options& options) {
  Result<AdminClient> client = AdminClient::Connect(context);
  if (!client.ok()) return context.Fail(client.error());
  const Result<Json> answer = client->Get(PathOf(options));
  if (!answer.ok()) return context.Fail(answer.error());
  if (context.json) {
    context.PrintJson(*answer);
    return kDone;
  }
  const Json& source = *answer;
  context.Print(Text::kSourceState, Cell(source, "name"), Cell(source, "place"),
                Cell(source, "state"), Cell(source, "position"), LagCell(source),
                FormatSizeForPeople(source.value("lag_bytes", uint64_t{0})),
                FormatSizeForPeople(source.value("slot_bytes", uint64_t{0})));
  if (source.contains("error")) {
    context.PrintLine("error: " + Harmless(SourceErrorCell(source)));
    if (source["error"].contains("remedy"))
      context.Print(Text::kSourceRemedy, Harmless(Cell(source["error"], "remedy")));
  }
  std::vector<std::vector<std::string>> rows;
  for (const Json& table : source["tables"])
    rows.push_back({Cell(table, "id"), Cell(table, "table"), Cell(table, "state"),
                    Cell(table, "rows_read"), Cell(table, "chunks_done"), Cell(table, "chunks"),
                    Cell(table, "changes_applied"), Cell(table, "quarantined")});
  context.PrintLine("");
  PrintTable(context,
             {"SOURCE TABLE", "TABLE", "STATE", "ROWS READ", "CHUNKS DONE", "CHUNKS", "CHANGES",
              "QUARANTINED"},
             rows);
  return kDone;
}

int Ask(const Context& context, const std::string& path, const Json& body, Text done,
        const std::string& source) {
  Result<AdminClient> client = AdminClient::Connect(context);
  if (!client.ok()) return context.Fail(client.error());
  const Result<Json> answer = client->Post(path, body);
  if (!answer.ok()) return context.Fail(answer.error());
  if (context.json)
    context.PrintJson(*answer);
  else
    context.Print(done, source);
  return kDone;
}

int Restart(const Context& context, const Options& options) {
  return Ask(context, PathOf(options, "/restart"), Json::object(), Text::kSourceRestarted,
             options.source);
}

int ReadAnew(const Context& context, const Options& options) {
  Json body = Json::object();
  if (options.all) body["all"] = true;
  if (!options.tables.empty()) body["tables"] = options.tables;
  return Ask(context, PathOf(options, "/resnapshot"), body, Text::kSourceReadAnew, options.source);
}

void PrintReport(const Context& context, const Json& report) {
  const std::string name = Cell(report, "source");
  for (const Json& finding : report["findings"]) {
    context.PrintLine(Cell(finding, "severity") + "  " + Harmless(Cell(finding, "what")));
    context.Print(Text::kSourceCause, Harmless(Cell(finding, "cause")));
    context.Print(Text::kSourceRemedy, Harmless(Cell(finding, "remedy")));
    for (const Json& sql : finding["sql"])
      context.PrintLine("       " + Harmless(sql.get<std::string>()));
  }
  const size_t tables = report["tables"].size();
  if (report.value("fine", false))
    context.Print(Text::kSourceFine, name, Cell(report, "place"), tables);
  else
    context.Print(Text::kSourceNotReady, name, Cell(report, "place"));
}

// Asks the server where one runs, as its configuration is what counts; else looks itself.
class Checker {
 public:
  explicit Checker(const Context& context) : context_(context) {}

  Result<std::vector<std::string>> Names() {
    TRY(Prepare());
    std::vector<std::string> names;
    if (!client_) {
      for (const auto& [name, source] : config_->sources) names.push_back(name);
      return names;
    }
    const Json answer = TRY(client_->Get("/api/v1/sources"));
    for (const Json& source : answer["sources"]) names.push_back(Cell(source, "name"));
    return names;
  }
  Result<Json> Check(const std::string& name) {
    TRY(Prepare());
    if (client_) return client_->Get("/api/v1/sources/" + http::PercentEncode(name) + "/check");
    const capture::postgres::SourceReport report = TRY(CheckSourceOf(*config_, name));
    return api::SourceReportJson(name, report);
  }

 private:
  Result<void> Prepare() {
    if (client_ || config_) return {};
    if (context_.url.empty()) {
      Config config = TRY(LoadValidConfig(context_.ConfigFile()));
      if (!ServerRuns(config.data)) {
        config_ = std::move(config);
        return {};
      }
    }
    client_ = TRY(AdminClient::Connect(context_));
    return {};
  }

  const Context& context_;
  std::optional<AdminClient> client_;
  std::optional<Config> config_;
};

int Check(const Context& context, const Options& options) {
  Checker checker(context);
  Result<std::vector<std::string>> names = std::vector<std::string>{options.source};
  if (options.source.empty()) names = checker.Names();
  if (!names.ok()) return context.Fail(names.error());
  if (names->empty())
    return context.Fail(
        MakeError(ErrorKind::kNotFound, Say(context.language, Text::kSourceNone), "usage"));
  bool fine = true;
  Json reports = Json::array();
  for (const std::string& name : *names) {
    Result<Json> report = checker.Check(name);
    if (!report.ok()) return context.Fail(report.error());
    fine = fine && report->value("fine", false);
    if (context.json)
      reports.push_back(std::move(report).take());
    else
      PrintReport(context, *report);
  }
  if (context.json) context.PrintJson({{"sources", std::move(reports)}});
  return fine ? kDone : kFindings;
}

}  // namespace

void AddSources(Commands& commands) {
  const auto say = [&commands](Text text) {
    return std::string(TextOf(text, commands.context.language));
  };
  CLI::App* sources =
      AddCommand<Options>(commands, commands.app, "sources", Text::kSources, nullptr, List);
  AddCommand<Options>(commands, *sources, "list", Text::kSources, nullptr, List);
  AddCommand<Options>(
      commands, *sources, "check", Text::kSourcesCheck,
      [=](CLI::App& command, Options& options) {
        command.add_option("SOURCE", options.source, say(Text::kSourceName));
      },
      Check);
  const auto one = [=](CLI::App& command, Options& options) {
    command.add_option("SOURCE", options.source, say(Text::kSourceOne))->required();
  };
  AddCommand<Options>(commands, *sources, "show", Text::kSourcesShow, one, Show);
  AddCommand<Options>(commands, *sources, "restart", Text::kSourcesRestart, one, Restart);
  AddCommand<Options>(
      commands, *sources, "resnapshot", Text::kSourcesReadAnew,
      [=](CLI::App& command, Options& options) {
        one(command, options);
        command.add_option("TABLE", options.tables, say(Text::kSourceTables));
        command.add_flag("--all", options.all, say(Text::kSourceAll));
      },
      ReadAnew);
}

}  // namespace caudal::app::cli
