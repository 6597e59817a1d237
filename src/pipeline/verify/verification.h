// Whether the tables of a source that runs are as the source's own, at one position of its log.
//
// The stream is cut for a moment: then a snapshot of the source sees what the tables have. Both
// stay as they are while they are compared, and the stream goes on.
#pragma once

#include <memory>
#include <optional>
#include <stop_token>

#include "base/mutex.h"
#include "base/result.h"
#include "pipeline/source_pipeline.h"
#include "pipeline/verify/verify_report.h"

namespace caudal::pipeline {

// One that runs or has ended. Thread-safe.
class Verification {
 public:
  explicit Verification(VerifyRequest request) : request_(std::move(request)) {}

  const VerifyRequest& request() const { return request_; }
  VerifyProgress progress() const EXCLUDES(mutex_);
  // Nothing: it runs.
  std::optional<Result<VerifyReport>> result() const EXCLUDES(mutex_);
  // It ends soon, with kCancelled, unless it has ended.
  void Cancel() { stop_.request_stop(); }

  // Until it has ended; once. `pipeline` must outlive the call.
  void Run(SourcePipeline& pipeline) EXCLUDES(mutex_);

 private:
  struct Work;

  Result<VerifyReport> Verify(SourcePipeline& pipeline);
  Result<void> TakeCut(Work& work);
  // Of each table its replica at the cut; those that can't be compared say why.
  Result<void> Choose(Work& work) const;
  Result<void> Compare(Work& work, size_t number);
  Result<void> Repair(Work& work);
  template <class Change>
  void Show(const Change& change) EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    change(progress_);
  }

  const VerifyRequest request_;
  std::stop_source stop_;
  mutable Mutex mutex_;
  VerifyProgress progress_ GUARDED_BY(mutex_);
  std::optional<Result<VerifyReport>> result_ GUARDED_BY(mutex_);
};

}  // namespace caudal::pipeline
