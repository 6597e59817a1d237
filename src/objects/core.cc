#include "objects/core.h"

#include <fmt/format.h>

#include "os/file.h"

namespace caudal::objects {
namespace {

constexpr int64_t kAskEveryUs = 200'000;

}  // namespace

Result<void> DiskSpaceGate::Admit(uint64_t bytes, uint64_t reserve) {
  const int64_t now =
      std::chrono::duration_cast<std::chrono::microseconds>(clock_.Steady().time_since_epoch())
          .count();
  const int64_t asked = asked_at_us_.load(std::memory_order_relaxed);
  if (asked < 0 || now - asked > kAskEveryUs) {
    Result<os::DiskSpace> space = os::SpaceOf(folder_);
    if (space.ok()) {
      available_ = space->bytes_available;
      asked_at_us_ = now;
    }
  }
  const uint64_t available = available_.load(std::memory_order_relaxed);
  const bool full = available < reserve || available - reserve < bytes;
  full_.store(available < reserve, std::memory_order_relaxed);
  if (full)
    return MakeError(
        ErrorKind::kDiskFull,
        fmt::format(
            "no room for {} more bytes: {} are free in {} and {} are kept in reserve; free some "
            "disk space, intake resumes by itself",
            bytes, available, folder_, reserve),
        "disk.full");
  return {};
}

}  // namespace caudal::objects
