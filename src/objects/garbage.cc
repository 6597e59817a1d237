#include "objects/garbage.h"

#include <set>
#include <string>

#include "base/failpoint.h"
#include "base/log.h"

namespace caudal::objects {
namespace {

constexpr int kBatchMax = 1024;

}  // namespace

Result<int64_t> GarbageCollector::Step(bool force) {
  if (batch_.empty()) {
    {
      meta::ReadTx read = TRY(core_.database.Read());
      meta::Statement rows = TRY(read.Prepare("SELECT blob FROM garbage ORDER BY blob LIMIT ?"));
      rows.Bind(1, kBatchMax);
      while (TRY(rows.Step())) batch_.push_back(rows.Int(0));
    }
    if (batch_.empty()) return static_cast<int64_t>(0);
    ticket_ = core_.guards.Ticket();
  }
  if (!force && !core_.guards.Passed(ticket_)) return static_cast<int64_t>(0);

  std::set<std::string> dirs;
  for (int64_t blob : batch_) {
    const Result<void> removed = os::Remove(core_.blobs.PathOf(blob));
    if (removed.ok()) {
      dirs.insert(core_.blobs.DirOf(blob));
    } else if (!removed.error().Is(ErrorKind::kNotFound)) {
      return removed.error();
    }
  }
  FAILPOINT("objects.garbage.removed");
  // The rows must outlive the names: were they forgotten first, a power cut would leave files that
  // nobody looks for. No test shows it: on ext4 the commit below, on the same file system, stores
  // the removals too, which POSIX doesn't promise.
  for (const std::string& dir : dirs) os::SyncDir(dir);
  TRY(core_.database.Write([&](meta::Tx& tx) -> Result<void> {
    for (int64_t blob : batch_) TRY(tx.Run("DELETE FROM garbage WHERE blob = ?", blob));
    return {};
  }));
  for (int64_t blob : batch_) core_.blobs.Settle(blob);
  const auto count = static_cast<int64_t>(batch_.size());
  batch_.clear();
  return count;
}

}  // namespace caudal::objects
