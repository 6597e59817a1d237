// The loads of a server: run, listed, ended with it.
#pragma once

#include <atomic>
#include <functional>
#include <list>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/mutex.h"
#include "base/result.h"
#include "transfer/load.h"

namespace caudal::transfer {

struct LoadInfo {
  std::string id;
  std::string table;
  LoadMode mode = LoadMode::kAppend;
  Micros started = 0;
  int64_t rows = 0;
  int64_t files = 0;
  int64_t files_done = 0;
  bool committing = false;
};

// Thread-safe. References must outlive it, and it its callers.
class Loads {
 public:
  // Makes the engine when there is a first load.
  using EngineFactory = std::function<Result<std::unique_ptr<engine::Engine>>()>;

  Loads(LoaderOptions options, EngineFactory make_engine, objects::Store& store,
        lake::Catalog& catalog, lake::Writer& writer, engine::InProcessDatabase& database,
        Clock& clock)
      : options_(std::move(options)),
        make_engine_(std::move(make_engine)),
        store_(store),
        catalog_(catalog),
        writer_(writer),
        database_(database),
        clock_(clock) {}

  // See Loader::Load. `id`: what the list calls it; may be empty. kLimit ("load.busy") when many
  // run.
  Result<void> Run(const std::string& id, const LoadRequest& request, LoadReport& report)
      EXCLUDES(mutex_);
  std::vector<LoadInfo> List() EXCLUDES(mutex_);
  // A path for a file that is sent along; whoever writes it removes it.
  Result<std::string> NewUpload() EXCLUDES(mutex_);
  // Ends those that run, soon; there are no others from now on.
  void Stop() EXCLUDES(mutex_);

 private:
  struct Running {
    LoadInfo info;
    LoadProgress progress;
  };
  Result<Loader*> Start() EXCLUDES(mutex_);
  Result<void> MakeFolder() REQUIRES(mutex_);

  const LoaderOptions options_;
  const EngineFactory make_engine_;
  objects::Store& store_;
  lake::Catalog& catalog_;
  lake::Writer& writer_;
  engine::InProcessDatabase& database_;
  Clock& clock_;
  std::atomic<bool> stopped_{false};
  Mutex mutex_;
  std::unique_ptr<engine::Engine> engine_ GUARDED_BY(mutex_);
  std::unique_ptr<Loader> loader_ GUARDED_BY(mutex_);
  std::list<Running> running_ GUARDED_BY(mutex_);
  bool folder_made_ GUARDED_BY(mutex_) = false;
  uint64_t uploads_ GUARDED_BY(mutex_) = 0;
};

}  // namespace caudal::transfer
