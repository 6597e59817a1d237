// Makes the runners of SQL functions, and the engine for them when there is a first one.
#pragma once

#include <memory>

#include "app/config/config.h"
#include "app/data_folder.h"
#include "base/mutex.h"
#include "base/result.h"
#include "engine/engine.h"
#include "functions/runner.h"
#include "functions/spec.h"
#include "objects/store.h"

namespace caudal::app {

// Outlives the runners that it makes. Thread-safe.
class SqlRunners {
 public:
  // `store` must outlive it.
  SqlRunners(DataPaths paths, const LimitsConfig& limits, objects::Store& store)
      : paths_(std::move(paths)), workers_max_(limits.query_workers_max), store_(store) {}

  // kUnavailable when the engine doesn't come up.
  Result<std::unique_ptr<functions::Runner>> Make(const functions::FunctionSpec& spec)
      EXCLUDES(mutex_);

 private:
  Result<void> StartEngine() REQUIRES(mutex_);

  const DataPaths paths_;
  const int workers_max_;
  objects::Store& store_;
  Mutex mutex_;
  std::unique_ptr<engine::Engine> engine_ GUARDED_BY(mutex_);
};

}  // namespace caudal::app
