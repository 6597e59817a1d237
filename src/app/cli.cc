#include "app/cli.h"

#include <cstdio>

#include "app/cli/commands.h"
#include "app/cli/failpoints.h"
#include "app/version.h"
#include "os/permissions.h"

namespace caudal::app {
namespace {

struct None {};

int PrintVersion(const cli::Context& context, const None&) {
  if (context.json) {
    context.PrintJson({{"version", kVersion}});
  } else {
    context.PrintLine(std::string("caudal ") + kVersion);
  }
  return cli::kDone;
}

void AddGlobalOptions(CLI::App& app, cli::Context& context) {
  const auto say = [&](Text text) { return std::string(TextOf(text, context.language)); };
  app.set_help_flag("-h,--help", say(Text::kHelpOption));
  app.add_option("-c,--config", context.config_file, say(Text::kConfigOption));
  app.add_flag("--json", context.json, say(Text::kJsonOption));
  app.add_option("--url", context.url, say(Text::kUrlOption));
  app.add_option("--token", context.token, say(Text::kTokenOption));
  app.footer(say(Text::kFooter));
  auto formatter = std::make_shared<CLI::Formatter>();
  formatter->label("Usage", say(Text::kUsage));
  formatter->label("Options", say(Text::kOptions));
  formatter->label("OPTIONS", say(Text::kOptions));
  formatter->label("Subcommands", say(Text::kSubcommands));
  formatter->label("SUBCOMMAND", say(Text::kSubcommands));
  formatter->label("SUBCOMMANDS", say(Text::kSubcommands));
  formatter->column_width(34);
  app.formatter(formatter);
}

}  // namespace

int RunCli(int argc, char** argv) {
  os::KeepFilesPrivate();
  cli::Context context;
  context.language = LanguageOfEnvironment();
  CLI::App app(std::string(TextOf(Text::kProgram, context.language)), "caudal");
  AddGlobalOptions(app, context);
  app.require_subcommand(1);
  cli::Commands commands{app, context, nullptr};
  cli::AddInit(commands);
  cli::AddCheck(commands);
  cli::AddUp(commands);
  cli::AddStatus(commands);
  cli::AddQuery(commands);
  cli::AddEvents(commands);
  cli::AddFunctions(commands);
  cli::AddTables(commands);
  cli::AddSources(commands);
  cli::AddVerify(commands);
  cli::AddRebuild(commands);
  cli::AddLoad(commands);
  cli::AddExport(commands);
  cli::AddLogs(commands);
  cli::AddKeys(commands);
  cli::AddReload(commands);
  cli::AddBackup(commands);
  cli::AddFsck(commands);
  cli::AddCommand<None>(commands, app, "version", Text::kVersion, nullptr, PrintVersion);
  if (argc <= 1) {
    std::fputs(app.help().c_str(), stderr);
    return cli::kUsage;
  }
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& e) {
    // Help is a success to CLI11; everything else is wrong usage.
    return app.exit(e) == 0 ? cli::kDone : cli::kUsage;
  }
  if (Result<void> armed = cli::ArmFailpointsOfEnvironment(); !armed.ok())
    return context.Fail(armed.error());
  return commands.run ? commands.run() : cli::kUsage;
}

}  // namespace caudal::app
