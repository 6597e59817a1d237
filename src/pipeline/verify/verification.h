// Whether the tables of a source that runs are as the source's own, at one position of its log.
//
// The stream is cut for a moment: then a snapshot of the source sees what the tables have. Both
// stay as they are while they are compared, and the stream goes on.
#pragma once

#include <utility>

#include "base/result.h"
#include "pipeline/source_pipeline.h"
#include "pipeline/source_task.h"
#include "pipeline/verify/verify_report.h"

namespace caudal::pipeline {

class Verification final : public SourceTask<VerifyProgress, VerifyReport> {
 public:
  static constexpr const char* kKind = "verification";
  static constexpr const char* kRunning = "verify.running";

  explicit Verification(VerifyRequest request) : request_(std::move(request)) {}

 private:
  struct Work;

  Result<VerifyReport> Do(SourcePipeline& pipeline) override;
  Result<VerifyReport> Verify(SourcePipeline& pipeline);
  Result<void> TakeCut(Work& work);
  // Of each table its replica at the cut; those that can't be compared say why.
  Result<void> Choose(Work& work) const;
  Result<void> Compare(Work& work, size_t number);
  Result<void> Repair(Work& work);

  const VerifyRequest request_;
};

}  // namespace caudal::pipeline
