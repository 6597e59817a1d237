#include "app/transfer_service.h"

#include <chrono>

#include "engine/worker.h"
#include "os/process.h"

namespace caudal::app {
namespace {

Result<std::unique_ptr<engine::Engine>> StartEngine(const std::string& folder) {
  engine::EngineOptions options;
  const std::string program = TRY(os::OwnProgram());
  options.worker_command = {program, engine::kWorkerCommand};
  options.folder = folder;
  options.workers_max = 2;
  options.warm_min = 0;
  return engine::Engine::Make(options);
}

}  // namespace

std::unique_ptr<TransferService> TransferService::Make(const DataPaths& paths, Lake& lake,
                                                       query::Queries& queries,
                                                       objects::Store& store, Clock& clock) {
  transfer::LoaderOptions options;
  options.work_folder = paths.run() + "/loads";
  options.limits.time = std::chrono::hours(12);
  auto service = std::make_unique<TransferService>();
  service->loads = std::make_unique<transfer::Loads>(
      std::move(options), [folder = paths.run() + "/load-engine"] { return StartEngine(folder); },
      store, *lake.catalog, *lake.writer, *lake.parquet, clock);
  service->exporter = std::make_unique<transfer::Exporter>(queries, store);
  return service;
}

}  // namespace caudal::app
