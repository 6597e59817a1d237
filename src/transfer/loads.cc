#include "transfer/loads.h"

#include <fmt/format.h>

#include "os/file.h"

namespace caudal::transfer {
namespace {

constexpr size_t kRunningMax = 16;

Error Stopping() {
  return MakeError(ErrorKind::kUnavailable, "the server stops; nothing was loaded", "load.stopped");
}

}  // namespace

Result<void> Loads::MakeFolder() {
  if (folder_made_) return {};
  TRY(os::RemoveTree(options_.work_folder));
  TRY(os::MakeDirs(options_.work_folder));
  folder_made_ = true;
  return {};
}

Result<Loader*> Loads::Start() {
  MutexLock lock(mutex_);
  if (stopped_) return Stopping();
  TRY(MakeFolder());
  if (engine_ == nullptr) engine_ = TRY(make_engine_());
  if (loader_ == nullptr)
    loader_ = std::make_unique<Loader>(options_, *engine_, store_, catalog_, writer_, database_);
  return loader_.get();
}

Result<void> Loads::Run(const std::string& id, const LoadRequest& request, LoadReport& report) {
  Loader* loader = TRY(Start());
  std::list<Running>::iterator running;
  {
    MutexLock lock(mutex_);
    if (running_.size() >= kRunningMax)
      return MakeError(ErrorKind::kLimit,
                       fmt::format("{} loads run already; try again later", kRunningMax),
                       "load.busy");
    running = running_.emplace(running_.end());
    running->info.id = id;
    running->info.table = lake::TextOf(request.table);
    running->info.mode = request.mode;
    running->info.started = clock_.Now();
  }
  const Result<void> loaded =
      loader->Load(request, report, running->progress,
                   [this]() -> Result<void> { return stopped_ ? Stopping() : Result<void>(); });
  MutexLock lock(mutex_);
  running_.erase(running);
  if (!loaded.ok() && stopped_) return Stopping();
  return loaded;
}

std::vector<LoadInfo> Loads::List() {
  MutexLock lock(mutex_);
  std::vector<LoadInfo> list;
  for (const Running& running : running_) {
    LoadInfo info = running.info;
    info.rows = running.progress.rows;
    info.files = running.progress.files;
    info.files_done = running.progress.files_done;
    info.committing = running.progress.committing;
    list.push_back(std::move(info));
  }
  return list;
}

Result<std::string> Loads::NewUpload() {
  MutexLock lock(mutex_);
  if (stopped_) return Stopping();
  TRY(MakeFolder());
  return fmt::format("{}/upload-{}", options_.work_folder, ++uploads_);
}

void Loads::Stop() {
  stopped_ = true;
  MutexLock lock(mutex_);
  if (engine_ != nullptr) engine_->Shutdown();
}

}  // namespace caudal::transfer
