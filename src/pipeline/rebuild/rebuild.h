// A replica made anew from its history alone, while the source goes on.
//
// All changes are put together again in one transaction, which nobody sees until its commit. What
// is landed meanwhile follows; only for the last of it changes aren't applied for a moment.
#pragma once

#include <cstdint>
#include <string>
#include <utility>

#include "base/result.h"
#include "lake/catalog/names.h"
#include "pipeline/source_pipeline.h"
#include "pipeline/source_task.h"

namespace caudal::pipeline {

enum class RebuildStep : uint8_t { kReading, kReplaying, kCommitting };

struct RebuildProgress {
  RebuildStep step = RebuildStep::kReading;
  int64_t changes = 0;       // that are replayed
  int64_t changes_left = 0;  // of those that are known of

  bool operator==(const RebuildProgress&) const = default;
};

struct RebuildReport {
  lake::TableName table;
  int64_t changes = 0;      // of the history, that were replayed
  int64_t rows = 0;         // of the replica, as it was then
  int64_t quarantined = 0;  // changes that can't be applied
  std::string position;     // of the last change; empty: there was none
  double seconds = 0;
};

class Rebuild final : public SourceTask<RebuildProgress, RebuildReport> {
 public:
  static constexpr const char* kKind = "rebuild";
  static constexpr const char* kRunning = "rebuild.running";

  // Errors: kNotFound ("source.table_not_found"); kConflict ("pipeline.history_incomplete") when
  // the history doesn't reach back to where the table begins, ("pipeline.table_reading") while the
  // table's rows are being read, ("pipeline.history_changed"); kLimit when there are more keys than
  // a transaction may have. The replica is as it was then.
  explicit Rebuild(lake::TableName table) : table_(std::move(table)) {}

 private:
  class Attempt;

  Result<RebuildReport> Do(SourcePipeline& pipeline) override;
  Result<RebuildReport> Try(SourcePipeline& pipeline);

  const lake::TableName table_;
};

}  // namespace caudal::pipeline
