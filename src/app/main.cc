#include <string_view>

#include "app/cli.h"
#include "engine/worker.h"

int main(int argc, char** argv) {
  // Not for people: how the server starts its query workers.
  if (argc == 2 && std::string_view(argv[1]) == caudal::engine::kWorkerCommand)
    return caudal::engine::RunWorker();
  return caudal::app::RunCli(argc, argv);
}
