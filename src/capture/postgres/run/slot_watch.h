// What a source keeps of its log for us, and what is done before its disk fills.
#pragma once

#include <functional>

#include "base/result.h"
#include "capture/postgres/connection.h"
#include "capture/postgres/options.h"
#include "capture/postgres/slot.h"

namespace caudal::capture::postgres {

// `options` must outlive it. One thread at a time.
class SlotWatch {
 public:
  explicit SlotWatch(const SourceOptions& options) : options_(options) {}

  // Gives `show` the slot, if it is there, and warns when it keeps much. kConflict
  // ("postgres.slot_guard") when it keeps so much that it is to be dropped.
  Result<void> Look(Connection& connection, const std::function<void(const SlotState&)>& show);

 private:
  const SourceOptions& options_;
  bool warned_ = false;
};

}  // namespace caudal::capture::postgres
