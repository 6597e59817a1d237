#include "objects/generations.h"

#include <algorithm>

#include "objects/counters.h"

namespace caudal::objects {
namespace {

constexpr int64_t kAhead = 10'000'000;  // one persisted ceiling serves for ten seconds

}  // namespace

Result<void> Generations::Load(meta::Database& database) {
  meta::ReadTx read = TRY(database.Read());
  last_ = TRY(ReadCounter(read, kGenerationCeiling)).value_or(0);
  return {};
}

Result<int64_t> Generations::Next(meta::Tx& tx) {
  const int64_t next = std::max(clock_.Now(), last_ + 1);
  if (next > ceiling_) {
    TRY(WriteCounter(tx, kGenerationCeiling, next + kAhead));
    // If the caller's savepoint is undone the ceiling isn't stored: forget it then, and store it
    // again next time.
    tx.AfterCommit([this, ceiling = next + kAhead] { ceiling_ = std::max(ceiling_, ceiling); });
  }
  last_ = next;
  return next;
}

Result<void> Generations::PersistExact(meta::Tx& tx) {
  ceiling_ = last_;
  return WriteCounter(tx, kGenerationCeiling, last_);
}

}  // namespace caudal::objects
