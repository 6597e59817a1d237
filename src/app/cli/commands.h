// One function for each group of commands: adds them, with their options, to the command line.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <memory>
#include <string>

#include "app/cli/context.h"

namespace caudal::app::cli {

struct Commands {
  CLI::App& app;
  Context& context;
  // What the chosen command is; run after all options were read.
  std::function<int()> run;
};

void AddInit(Commands& commands);
void AddCheck(Commands& commands);
void AddUp(Commands& commands);
void AddStatus(Commands& commands);
void AddEvents(Commands& commands);
void AddFunctions(Commands& commands);
void AddLogs(Commands& commands);
void AddBackup(Commands& commands);
void AddFsck(Commands& commands);
void AddKeys(Commands& commands);
void AddLoad(Commands& commands);
void AddExport(Commands& commands);
void AddTables(Commands& commands);
void AddSources(Commands& commands);
void AddVerify(Commands& commands);
void AddRebuild(Commands& commands);
void AddReload(Commands& commands);
void AddQuery(Commands& commands);

// A subcommand of `parent` that runs `action` with its options, which `describe` adds.
template <class Options>
CLI::App* AddCommand(Commands& commands, CLI::App& parent, const char* name, Text help,
                     std::function<void(CLI::App&, Options&)> describe,
                     std::function<int(const Context&, const Options&)> action) {
  const Language language = commands.context.language;
  CLI::App* command = parent.add_subcommand(name, std::string(TextOf(help, language)));
  command->fallthrough();
  command->set_help_flag("-h,--help", std::string(TextOf(Text::kHelpOption, language)));
  auto options = std::make_shared<Options>();
  if (describe) describe(*command, *options);
  command->callback([&commands, command, options, action] {
    if (!command->get_subcommands().empty()) return;  // that one runs
    commands.run = [&commands, options, action] { return action(commands.context, *options); };
  });
  return command;
}

}  // namespace caudal::app::cli
