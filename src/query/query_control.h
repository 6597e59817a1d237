// How other threads look at a query and end it, from before it runs on.
#pragma once

#include "base/mutex.h"
#include "base/result.h"
#include "engine/engine.h"

namespace caudal::query {

// Thread-safe. One query's.
class QueryControl {
 public:
  // Run or rows().Next() give kCancelled soon, wherever the query is; before it runs: at once.
  // Doesn't wait.
  void Cancel() EXCLUDES(mutex_);
  bool cancelled() const EXCLUDES(mutex_);
  engine::Progress progress() const EXCLUDES(mutex_);  // zeros while there is nothing to tell

  // For whoever runs the query: it has this session, until Detach. kCancelled when nobody wants it.
  Result<void> Attach(engine::Session& session) EXCLUDES(mutex_);
  void Detach() EXCLUDES(mutex_);

 private:
  mutable Mutex mutex_;
  bool cancelled_ GUARDED_BY(mutex_) = false;
  engine::Session* session_ GUARDED_BY(mutex_) = nullptr;
};

// What Run and Next give then.
Error QueryCancelled();

}  // namespace caudal::query
