// Files that nothing refers to any more, removed once no reader can have them.
#pragma once

#include <cstdint>
#include <vector>

#include "base/result.h"
#include "objects/core.h"

namespace caudal::objects {

// One thread uses it. A batch is read from the metadata, waits until every guard that is older than
// it has gone, and is then removed: files first, durably, rows after.
class GarbageCollector {
 public:
  explicit GarbageCollector(Core& core) : core_(core) {}
  // Does what can be done now; returns how many files it removed. `force`: there are no readers
  // (start-up).
  Result<int64_t> Step(bool force = false);

 private:
  Core& core_;
  std::vector<int64_t> batch_;
  uint64_t ticket_ = 0;
};

}  // namespace caudal::objects
