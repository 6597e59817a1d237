#include "app/cli/admin_client.h"
#include "app/cli/commands.h"
#include "app/cli/table.h"
#include "app/cli/task_answer.h"

namespace caudal::app::cli {
namespace {

struct Options {
  std::string table;
};

int Rebuild(const Context& context, const Options& options) {
  const Result<std::string> path = TablePath(options.table);
  if (!path.ok()) return context.Fail(path.error());
  const auto progress = [&](const Json& json) {
    return Say(context.language, Text::kRebuildProgress, Harmless(options.table),
               Cell(json, "changes"), Cell(json, "changes_left"));
  };
  const Result<Json> report = FollowTask(context, *path + "/rebuild", Json::object(), progress);
  if (!report.ok() && report.error().code == "interrupted") return kInterrupted;
  if (!report.ok()) return context.Fail(report.error());
  if (context.json)
    context.PrintJson(*report);
  else
    context.Print(Text::kRebuildDone, Harmless(Cell(*report, "table")), Cell(*report, "changes"),
                  Cell(*report, "rows"), Cell(*report, "position"));
  return kDone;
}

}  // namespace

void AddRebuild(Commands& commands) {
  const auto say = [&commands](Text text) {
    return std::string(TextOf(text, commands.context.language));
  };
  AddCommand<Options>(
      commands, commands.app, "rebuild", Text::kRebuild,
      [=](CLI::App& command, Options& options) {
        command.add_option("TABLE", options.table, say(Text::kRebuildTable))->required();
      },
      Rebuild);
}

}  // namespace caudal::app::cli
