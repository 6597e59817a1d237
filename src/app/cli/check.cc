#include <cstdio>

#include "app/cli/commands.h"
#include "app/config/load.h"

namespace caudal::app::cli {
namespace {

struct Options {
  bool reference = false;
};

int Check(const Context& context, const Options& options) {
  if (options.reference) {
    std::fputs(ConfigReference().c_str(), stdout);
    return kDone;
  }
  const std::string file = context.ConfigFile();
  const Result<LoadedConfig> loaded = LoadConfig(file);
  if (!loaded.ok()) return context.Fail(loaded.error());
  if (context.json) {
    Json problems = Json::array();
    for (const Problem& problem : loaded->problems)
      problems.push_back({{"line", problem.place.line},
                          {"column", problem.place.column},
                          {"message", problem.message}});
    context.PrintJson({{"config", loaded->config.file}, {"problems", std::move(problems)}});
  } else if (loaded->problems.empty()) {
    context.Print(Text::kCheckFine, file);
  } else {
    std::fputs(FormatProblems(file, loaded->problems).c_str(), stdout);
    context.Print(Text::kCheckProblems, loaded->problems.size());
  }
  return loaded->problems.empty() ? kDone : kFindings;
}

}  // namespace

void AddCheck(Commands& commands) {
  AddCommand<Options>(
      commands, commands.app, "check", Text::kCheck,
      [&](CLI::App& command, Options& options) {
        command.add_flag("--reference", options.reference,
                         std::string(TextOf(Text::kReferenceOption, commands.context.language)));
      },
      Check);
}

}  // namespace caudal::app::cli
