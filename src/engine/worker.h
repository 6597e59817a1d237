// The other side of an Engine: a process that runs statements.
#pragma once

namespace caudal::engine {

// The subcommand that starts a worker, as the program's only argument.
constexpr const char* kWorkerCommand = "engine-worker";

// Serves the socket at fd 3 in the working folder until the server goes away; returns the exit
// code. Confines the process for good: call first of all, before any thread starts.
int RunWorker();

}  // namespace caudal::engine
