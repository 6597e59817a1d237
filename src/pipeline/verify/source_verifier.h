// Verifications of one source, one at a time, each on a thread of its own.
#pragma once

#include <memory>
#include <thread>

#include "base/mutex.h"
#include "base/result.h"
#include "pipeline/source_pipeline.h"
#include "pipeline/verify/verification.h"

namespace caudal::pipeline {

// Thread-safe.
class SourceVerifier {
 public:
  // `pipeline` must outlive it, or the call of Stop before.
  explicit SourceVerifier(SourcePipeline& pipeline) : pipeline_(pipeline) {}
  ~SourceVerifier() { Stop(); }

  // kConflict ("verify.running") while one runs.
  Result<std::shared_ptr<Verification>> Start(VerifyRequest request) EXCLUDES(mutex_);
  // Cancels the one that runs, and waits for its end. None begins any more.
  void Stop() EXCLUDES(mutex_);

 private:
  SourcePipeline& pipeline_;
  Mutex mutex_;
  bool stopped_ GUARDED_BY(mutex_) = false;
  std::shared_ptr<Verification> running_ GUARDED_BY(mutex_);  // or the last one
  std::thread thread_ GUARDED_BY(mutex_);
};

}  // namespace caudal::pipeline
