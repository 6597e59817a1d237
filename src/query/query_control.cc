#include "query/query_control.h"

namespace caudal::query {

Error QueryCancelled() {
  return MakeError(ErrorKind::kCancelled, "the query was cancelled", "query.cancelled");
}

void QueryControl::Cancel() {
  MutexLock lock(mutex_);
  cancelled_ = true;
  if (session_ != nullptr) session_->Cancel();
}

bool QueryControl::cancelled() const {
  MutexLock lock(mutex_);
  return cancelled_;
}

engine::Progress QueryControl::progress() const {
  MutexLock lock(mutex_);
  return session_ == nullptr ? engine::Progress() : session_->progress();
}

Result<void> QueryControl::Attach(engine::Session& session) {
  MutexLock lock(mutex_);
  if (cancelled_) return QueryCancelled();
  session_ = &session;
  return {};
}

void QueryControl::Detach() {
  MutexLock lock(mutex_);
  session_ = nullptr;
}

}  // namespace caudal::query
