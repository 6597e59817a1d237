#include "objects/upkeep.h"

#include <algorithm>
#include <vector>

#include "base/log.h"
#include "objects/journal.h"
#include "objects/lifecycle.h"
#include "objects/publish.h"

namespace caudal::objects {
namespace {

constexpr std::chrono::milliseconds kTick{100};
constexpr std::chrono::milliseconds kTrimAfter{1000};
constexpr int kExpireMax = 256;

void Report(std::string_view what, const Result<void>& result) {
  if (!result.ok())
    LogWarning("store upkeep failed; it is tried again",
               {{"step", what}, {"error", result.error().message}});
}

}  // namespace

void Upkeep::Start() {
  thread_ = std::thread([this] { Loop(); });
}

void Upkeep::Stop() {
  {
    MutexLock lock(mutex_);
    stop_ = true;
    wake_.NotifyAll();
  }
  if (thread_.joinable()) thread_.join();
}

void Upkeep::Loop() {
  using Time = std::chrono::steady_clock::time_point;
  Time trimmed = std::chrono::steady_clock::now();
  Time expired = trimmed;
  // The first pass comes soon after the start, however often the server is restarted.
  const auto initial = core_.options();
  Time cycled = trimmed - std::max(initial->lifecycle_interval - initial->maintenance_interval,
                                   std::chrono::milliseconds(0));
  while (true) {
    {
      MutexLock lock(mutex_);
      if (!stop_) wake_.WaitFor(mutex_, kTick);
      if (stop_) return;
    }
    const Time now = std::chrono::steady_clock::now();
    const auto options = core_.options();
    if (now - trimmed >= kTrimAfter || core_.journal_bytes > options->journal_bytes_max / 4) {
      Report("trim", TrimAndCollect());
      trimmed = std::chrono::steady_clock::now();
    }
    if (now - expired >= options->maintenance_interval) {
      Report("expire", Expire());
      expired = now;
    }
    if (now - cycled >= options->lifecycle_interval) {
      Report("lifecycle", [&]() -> Result<void> {
        TRY(RunLifecycle(core_, stop_));
        return {};
      }());
      cycled = now;
    }
  }
}

Result<void> Upkeep::TrimAndCollect() {
  MutexLock lock(work_mutex_);
  TRY(TrimJournal(core_));
  while (TRY(garbage_.Step()) > 0 && !stop_) {
  }
  return {};
}

Result<int64_t> Upkeep::ExpireSoftDeleted() {
  return core_.database.Write([&](meta::Tx& tx) -> Result<int64_t> {
    struct Row {
      int64_t bucket;
      Object object;
    };
    std::vector<Row> rows;
    {
      meta::Statement found = TRY(tx.Prepare("SELECT bucket, " CAUDAL_OBJECT_COLUMNS
                                             " FROM old_objects WHERE hard_delete <= ? LIMIT ?"));
      found.Bind(1, core_.clock.Now());
      found.Bind(2, kExpireMax);
      while (TRY(found.Step())) rows.push_back({found.Int(0), TRY(ReadObject(found, Bucket{}, 1))});
    }
    for (const Row& row : rows) {
      TRY(RemoveObject(tx, core_.hot, Table::kOld, row.bucket, row.object));
      TRY(ReleaseBlob(tx, row.object.blob));
    }
    return static_cast<int64_t>(rows.size());
  });
}

Result<void> Upkeep::Expire() {
  MutexLock lock(work_mutex_);
  const auto keep =
      std::chrono::duration_cast<std::chrono::microseconds>(core_.options()->upload_keep).count();
  const Micros before = core_.clock.Now() - keep;
  while (!stop_ && TRY(uploads_.Expire(before, kExpireMax)) == kExpireMax) {
  }
  while (!stop_ && TRY(multiparts_.Expire(before, kExpireMax)) == kExpireMax) {
  }
  while (!stop_ && TRY(ExpireSoftDeleted()) == kExpireMax) {
  }
  return core_.blobs.PersistFloor();
}

Result<void> Upkeep::RunAll() {
  TRY(Expire());
  TRY(RunLifecycle(core_, stop_));
  return TrimAndCollect();
}

}  // namespace caudal::objects
