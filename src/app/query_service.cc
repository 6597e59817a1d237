#include "app/query_service.h"

#include <algorithm>

#include "engine/worker.h"
#include "os/process.h"

namespace caudal::app {

Result<std::unique_ptr<QueryService>> QueryService::Open(const QueryConfig& config,
                                                         const DataPaths& paths, Lake& lake,
                                                         objects::Store& store, Clock& clock,
                                                         Random& random) {
  query::QueriesOptions options;
  const std::string program = TRY(os::OwnProgram());
  options.engine.worker_command = {program, engine::kWorkerCommand};
  options.engine.folder = paths.query_engine();
  options.engine.workers_max = config.running_max;
  // One opens its next database while the other serves.
  options.engine.warm_min = std::min(config.running_max, 2);
  options.running_max = config.running_max;
  options.waiting_max = config.waiting_max;
  options.wait_max = config.wait_max;
  options.limits.memory_bytes = config.memory;
  options.limits.threads = config.threads;
  options.limits.temp_bytes = config.temp_space;
  options.limits.time = config.timeout_max;
  options.default_time = config.timeout;
  auto service = std::make_unique<QueryService>();
  service->queries = query::MakeQueries(std::move(options), *lake.catalog, store, *lake.manifests,
                                        lake.writer->deletes());
  service->running = std::make_unique<api::RunningQueries>(*service->queries, clock, random);
  return service;
}

}  // namespace caudal::app
