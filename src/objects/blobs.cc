#include "objects/blobs.h"

#include <fmt/format.h>

#include <charconv>

#include "base/failpoint.h"
#include "base/log.h"
#include "objects/check.h"
#include "objects/counters.h"

namespace caudal::objects {
namespace {

constexpr int64_t kDirShift = 12;
constexpr int64_t kReservation = 1 << 16;

bool ParseHex(std::string_view text, size_t digits, int64_t& value) {
  if (text.size() != digits) return false;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), value, 16);
  return failure == std::errc() && end == text.data() + text.size();
}

std::string DirName(const std::string& folder, int64_t blob) {
  return fmt::format("{}/{:08x}", folder, blob >> kDirShift);
}

}  // namespace

std::string BlobPath(const std::string& folder, int64_t blob) {
  return fmt::format("{}/{:08x}/{:016x}", folder, blob >> kDirShift, blob);
}

BlobFiles::BlobFiles(std::string folder, meta::Database& database)
    : folder_(std::move(folder)), database_(database) {}

std::string BlobFiles::PathOf(int64_t blob) const { return BlobPath(folder_, blob); }
std::string BlobFiles::DirOf(int64_t blob) const { return DirName(folder_, blob); }

Result<BlobFiles::Range> BlobFiles::Load() {
  Range range;
  {
    meta::ReadTx read = TRY(database_.Read());
    range.first = TRY(ReadCounter(read, kBlobFloor)).value_or(1);
    range.end = TRY(ReadCounter(read, kBlobReservedEnd)).value_or(1);
  }
  MutexLock lock(mutex_);
  next_ = range.end;
  reserved_end_ = range.end;
  return range;
}

Result<void> BlobFiles::Reserve(int64_t end) {
  return database_.Write([&](meta::Tx& tx) { return WriteCounter(tx, kBlobReservedEnd, end); });
}

Result<int64_t> BlobFiles::Allocate() {
  while (true) {
    int64_t wanted_end = 0;
    {
      MutexLock lock(mutex_);
      if (next_ < reserved_end_) {
        in_flight_.insert(next_);
        return next_++;
      }
      wanted_end = reserved_end_ + kReservation;
    }
    MutexLock reserving(reserve_mutex_);
    {
      MutexLock lock(mutex_);
      if (reserved_end_ >= wanted_end) continue;  // another thread did it meanwhile
    }
    TRY(Reserve(wanted_end));
    MutexLock lock(mutex_);
    reserved_end_ = wanted_end;
  }
}

void BlobFiles::Settle(int64_t blob) {
  MutexLock lock(mutex_);
  in_flight_.erase(blob);
}

Result<void> BlobFiles::PersistFloor() {
  int64_t floor = 0;
  {
    MutexLock lock(mutex_);
    floor = in_flight_.empty() ? next_ : *in_flight_.begin();
  }
  return database_.Write([&](meta::Tx& tx) { return WriteCounter(tx, kBlobFloor, floor); });
}

// What makes the blob's file, with its folder in place.
template <class Make>
auto BlobFiles::InFolder(int64_t blob, Make&& make) -> decltype(make()) {
  const int64_t dir = blob >> kDirShift;
  if (last_dir_made_.load(std::memory_order_acquire) < dir) {
    TRY(os::MakeDirs(DirOf(blob)));
    int64_t seen = last_dir_made_.load();
    while (seen < dir && !last_dir_made_.compare_exchange_weak(seen, dir)) {
    }
  }
  FAILPOINT("objects.blob.create");
  auto made = make();
  // A number below the newest folder's, whose own folder isn't there yet: allocated before, created
  // after.
  if (!made.ok() && made.error().Is(ErrorKind::kNotFound)) {
    TRY(os::MakeDirs(DirOf(blob)));
    made = make();
  }
  return made;
}

Result<os::File> BlobFiles::Create(int64_t blob) {
  return InFolder(blob, [&] { return os::File::Open(PathOf(blob), os::File::Mode::kCreateNew); });
}

Result<void> BlobFiles::MoveIn(int64_t blob, const std::string& path) {
  return InFolder(blob, [&] { return os::Rename(path, PathOf(blob)); });
}

Result<os::File> BlobFiles::Open(int64_t blob, os::File::Mode mode) const {
  Result<os::File> file = os::File::Open(PathOf(blob), mode);
  if (!file.ok() && file.error().Is(ErrorKind::kNotFound))
    return MakeError(
        ErrorKind::kCorrupt,
        fmt::format("{} is missing: run caudal fsck, restore it from a backup", PathOf(blob)));
  return file;
}

void BlobFiles::Abandon(int64_t blob) {
  Result<void> removed = os::Remove(PathOf(blob));
  if (!removed.ok() && !removed.error().Is(ErrorKind::kNotFound))
    LogWarning("unused file not removed",
               {{"file", PathOf(blob)}, {"error", removed.error().message}});
  Settle(blob);
}

Result<void> BlobFiles::ForEachFile(Range range,
                                    const std::function<Result<void>(int64_t)>& visit) const {
  for (const os::DirEntry& dir : TRY(os::ListDir(folder_))) {
    int64_t high = 0;
    if (!dir.is_dir || !ParseHex(dir.name, 8, high)) continue;
    if (high < range.first >> kDirShift || high << kDirShift >= range.end) continue;
    for (const os::DirEntry& file : TRY(os::ListDir(folder_ + "/" + dir.name))) {
      int64_t blob = 0;
      if (!ParseHex(file.name, 16, blob) || blob < range.first || blob >= range.end) continue;
      TRY(visit(blob));
    }
  }
  return {};
}

}  // namespace caudal::objects
