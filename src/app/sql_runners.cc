#include "app/sql_runners.h"

#include "engine/worker.h"
#include "functions/sql/sql_runner.h"
#include "os/file.h"
#include "os/process.h"

namespace caudal::app {

Result<void> SqlRunners::StartEngine() {
  engine::EngineOptions options;
  const std::string program = TRY(os::OwnProgram());
  options.worker_command = {program, engine::kWorkerCommand};
  options.folder = paths_.engine();
  options.workers_max = workers_max_;
  // What a run left that was cut short.
  TRY(os::RemoveTree(paths_.unpacked()));
  TRY(os::MakeDirs(paths_.unpacked()));
  engine_ = TRY(engine::Engine::Make(options));
  return {};
}

Result<std::unique_ptr<functions::Runner>> SqlRunners::Make(const functions::FunctionSpec& spec) {
  MutexLock lock(mutex_);
  if (engine_ == nullptr) TRY(StartEngine());
  return functions::MakeSqlRunner(spec, {paths_.unpacked()}, *engine_, store_);
}

}  // namespace caudal::app
