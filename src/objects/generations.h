// Object generations: microseconds of the wall clock, but strictly increasing, across clock jumps
// and restarts.
#pragma once

#include <cstdint>

#include "base/clock.h"
#include "base/result.h"
#include "meta/database.h"

namespace caudal::objects {

// Used inside transactions, so on the writer thread only, except Load (before any of them).
class Generations {
 public:
  explicit Generations(Clock& clock) : clock_(clock) {}
  Result<void> Load(meta::Database& database);
  // The next generation; its own number also when the transaction fails later.
  Result<int64_t> Next(meta::Tx& tx);
  // Lowers the persisted ceiling to the last one given out, so that a clean restart doesn't run
  // ahead of the clock.
  Result<void> PersistExact(meta::Tx& tx);

 private:
  Clock& clock_;
  int64_t last_ = 0;
  int64_t ceiling_ = 0;  // persisted, or about to be in this batch
};

}  // namespace caudal::objects
