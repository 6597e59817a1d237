#include "pipeline/verify/source_verifier.h"

#include <utility>

namespace caudal::pipeline {

Result<std::shared_ptr<Verification>> SourceVerifier::Start(VerifyRequest request) {
  MutexLock lock(mutex_);
  if (stopped_)
    return MakeError(ErrorKind::kUnavailable, "the source is being stopped", "verify.stopped");
  if (running_ != nullptr && !running_->result())
    return MakeError(
        ErrorKind::kConflict,
        "a verification of the source '" + pipeline_.options().source.name + "' is running already",
        "verify.running");
  if (thread_.joinable()) thread_.join();  // it has its result, and ends
  running_ = std::make_shared<Verification>(std::move(request));
  thread_ = std::thread([this, verification = running_] { verification->Run(pipeline_); });
  return running_;
}

void SourceVerifier::Stop() {
  MutexLock lock(mutex_);
  stopped_ = true;
  if (running_ != nullptr) running_->Cancel();
  if (thread_.joinable()) thread_.join();
}

}  // namespace caudal::pipeline
