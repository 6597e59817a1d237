// The command line: every subcommand of `caudal`.
#pragma once

namespace caudal::app {

// Returns the process's exit code; docs/cli.md lists them.
int RunCli(int argc, char** argv);

}  // namespace caudal::app
