#include <algorithm>
#include <cctype>

#include "app/cli/admin_client.h"
#include "app/cli/commands.h"
#include "app/cli/table.h"
#include "http/message.h"

namespace caudal::app::cli {
namespace {

struct Options {
  std::string what;  // a function's name, or a run's number
  std::string status;
  int limit = 50;
  int64_t event = 0;
  bool dead = false;
};

bool IsNumber(const std::string& text) {
  return !text.empty() &&
         std::ranges::all_of(text, [](unsigned char c) { return std::isdigit(c) != 0; });
}

std::string FunctionPath(const std::string& name) {
  return "/api/v1/functions/" + http::PercentEncode(name);
}

// Prints the answer as it is for programs; else hands it to `show`.
int Print(const Context& context, const Result<Json>& answer,
          const std::function<void(const Json&)>& show) {
  if (!answer.ok()) return context.Fail(answer.error());
  if (context.json) {
    context.PrintJson(*answer);
  } else {
    show(*answer);
  }
  return kDone;
}

int List(const Context& context, const Options&) {
  Result<AdminClient> client = AdminClient::Connect(context);
  if (!client.ok()) return context.Fail(client.error());
  return Print(context, client->Get("/api/v1/functions"), [&](const Json& answer) {
    std::vector<std::vector<std::string>> rows;
    for (const Json& function : answer["functions"]) {
      const Json& trigger = function["trigger"];
      std::string fires = "gs://" + Cell(trigger, "bucket") + "/";
      fires += trigger.value("glob", trigger.value("prefix", std::string()) + "*");
      rows.push_back({Cell(function, "name"), Cell(function, "kind"), Cell(function, "state"),
                      fires, Cell(function, "running"), Cell(function, "pending"),
                      Cell(function["runs"], "succeeded"), Cell(function["runs"], "failed"),
                      Cell(function, "dead"), Cell(function, "last_run"),
                      function.value("detail", "")});
    }
    PrintTable(context,
               {"NAME", "KIND", "STATE", "TRIGGER", "RUNNING", "PENDING", "SUCCEEDED", "FAILED",
                "DEAD", "LAST RUN", "DETAIL"},
               rows);
  });
}

std::string RunsQuery(const std::string& job, const Options& options) {
  std::string query = "/api/v1/runs?kind=function&limit=" + std::to_string(options.limit);
  if (!job.empty()) query += "&job=" + http::PercentEncode(job);
  if (!options.status.empty()) query += "&status=" + http::PercentEncode(options.status);
  return query;
}

std::string DurationCell(const Json& run) {
  const auto found = run.find("duration_ms");
  return found == run.end() ? "-" : DumpJson(*found) + " ms";
}

int Runs(const Context& context, const Options& options) {
  Result<AdminClient> client = AdminClient::Connect(context);
  if (!client.ok()) return context.Fail(client.error());
  return Print(context, client->Get(RunsQuery(options.what, options)), [&](const Json& answer) {
    std::vector<std::vector<std::string>> rows;
    for (const Json& run : answer["runs"])
      rows.push_back({Cell(run, "id"), Cell(run, "job"), Cell(run, "status"), Cell(run, "started"),
                      DurationCell(run), Cell(run, "attempt"), Cell(run, "input"),
                      Cell(run, "rows_in"), Cell(run, "rows_accepted"),
                      Cell(run, "rows_quarantined"), run.value("error", "")});
    PrintTable(context,
               {"RUN", "FUNCTION", "STATUS", "STARTED", "TOOK", "ATTEMPT", "INPUT", "IN",
                "ACCEPTED", "QUARANTINED", "ERROR"},
               rows);
  });
}

// The run of that number, or the newest of the function of that name.
Result<std::string> FindRun(const Context& context, AdminClient& client, const std::string& what) {
  if (IsNumber(what)) return what;
  Options newest;
  newest.limit = 1;
  const Json answer = TRY(client.Get(RunsQuery(what, newest)));
  if (answer.contains("runs") && !answer["runs"].empty()) return Cell(answer["runs"][0], "id");
  return MakeError(ErrorKind::kNotFound, Say(context.language, Text::kFunctionNoRuns, what));
}

int Logs(const Context& context, const Options& options) {
  Result<AdminClient> client = AdminClient::Connect(context);
  if (!client.ok()) return context.Fail(client.error());
  const Result<std::string> run = FindRun(context, *client, options.what);
  if (!run.ok()) return context.Fail(run.error());
  return Print(context, client->Get("/api/v1/runs/" + *run + "/logs"), [&](const Json& answer) {
    std::string text = answer.value("text", "");
    if (text.empty()) return context.Print(Text::kFunctionNoOutput, *run);
    if (text.ends_with('\n')) text.pop_back();
    std::string line;
    for (size_t at = 0; at <= text.size(); at += line.size() + 1) {
      line = text.substr(at, text.find('\n', at) - at);
      context.PrintLine(Harmless(line));
    }
  });
}

int Replay(const Context& context, const Options& options) {
  const bool run = IsNumber(options.what);
  if (run ? options.event > 0 || options.dead : (options.event > 0) == options.dead)
    return context.Fail(
        MakeError(ErrorKind::kInvalid, Say(context.language, Text::kWhichReplay), "usage"));
  Result<AdminClient> client = AdminClient::Connect(context);
  if (!client.ok()) return context.Fail(client.error());
  Json body = Json::object();
  if (options.event > 0) body["sequence"] = options.event;
  if (options.dead) body["dead"] = true;
  const std::string path =
      run ? "/api/v1/runs/" + options.what + "/replay" : FunctionPath(options.what) + "/replay";
  return Print(context, client->Post(path, body), [&](const Json& answer) {
    context.Print(Text::kFunctionReplayed, Cell(answer, "replayed"));
  });
}

int Deploy(const Context& context, const Options& options) {
  Result<AdminClient> client = AdminClient::Connect(context);
  if (!client.ok()) return context.Fail(client.error());
  const std::string path = FunctionPath(options.what);
  Result<Json> begun = client->Post(path + "/deploy", Json::object());
  if (!begun.ok() && begun.error().code == "function.deploying") {
    // One is going on, perhaps from before the last change: another one after it.
    const Result<void> waited =
        client->Follow(path + "/deploy", [](std::string_view) { return true; });
    if (!waited.ok()) return context.Fail(waited.error());
    begun = client->Post(path + "/deploy", Json::object());
  }
  if (!begun.ok()) return context.Fail(begun.error());
  const Result<void> followed = client->Follow(path + "/deploy", [&](std::string_view line) {
    if (context.json) {
      context.PrintJson({{"line", line}});
    } else {
      context.PrintLine(Harmless(line));
    }
    return true;
  });
  if (!followed.ok()) return context.Fail(followed.error());
  const Result<Json> function = client->Get(path);
  if (!function.ok()) return context.Fail(function.error());
  // The one before goes on when a new one fails: that isn't what was asked for.
  const std::string detail = function->value("detail", "");
  if (!detail.empty())
    return context.Fail(MakeError(ErrorKind::kUnavailable, detail, "function.deploy"));
  return Print(context, function, [&](const Json& answer) {
    context.Print(Text::kFunctionDeployed, options.what, Cell(answer, "state"));
  });
}

}  // namespace

void AddFunctions(Commands& commands) {
  const auto say = [&commands](Text text) {
    return std::string(TextOf(text, commands.context.language));
  };
  CLI::App* functions =
      AddCommand<Options>(commands, commands.app, "functions", Text::kFunctions, nullptr, List);
  AddCommand<Options>(commands, *functions, "list", Text::kFunctionsList, nullptr, List);
  AddCommand<Options>(
      commands, *functions, "runs", Text::kFunctionsRuns,
      [=](CLI::App& command, Options& options) {
        command.add_option("NAME", options.what, say(Text::kFunctionName));
        command.add_option("--status", options.status, say(Text::kRunStatusOption));
        command.add_option("--limit", options.limit, say(Text::kLimitOption))
            ->check(CLI::Range(1, 1000));
      },
      Runs);
  AddCommand<Options>(
      commands, *functions, "logs", Text::kFunctionsLogs,
      [=](CLI::App& command, Options& options) {
        command.add_option("RUN", options.what, say(Text::kFunctionOrRun))->required();
      },
      Logs);
  AddCommand<Options>(
      commands, *functions, "replay", Text::kFunctionsReplay,
      [=](CLI::App& command, Options& options) {
        command.add_option("RUN", options.what, say(Text::kRunOption))->required();
        command.add_option("--event", options.event, say(Text::kEventOption))
            ->check(CLI::PositiveNumber);
        command.add_flag("--dead", options.dead, say(Text::kDeadOption));
      },
      Replay);
  AddCommand<Options>(
      commands, *functions, "deploy", Text::kFunctionsDeploy,
      [=](CLI::App& command, Options& options) {
        command.add_option("NAME", options.what, say(Text::kFunctionName))->required();
      },
      Deploy);
}

}  // namespace caudal::app::cli
