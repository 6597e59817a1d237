#include "app/config/sections.h"
#include "app/config/values.h"

namespace caudal::app {
namespace {

using namespace std::chrono_literals;

const std::vector<Key<StorageConfig>>& Keys() {
  using C = StorageConfig;
  constexpr auto kLive = Change::kLive;
  constexpr auto kRestart = Change::kRestart;
  static const std::vector<Key<C>> keys = {
      Field("disk_reserve", &C::disk_reserve, Size{16 << 20, 1ull << 50}, kLive,
            "Uploads stop with a clear error when less than this is free, and resume by "
            "themselves."),
      Field("journaled_bytes_max", &C::journaled_bytes_max, Size{0, 16 << 20}, kRestart,
            "Objects up to this size share one disk sync with their metadata."),
      Field("journal_bytes_max", &C::journal_bytes_max, Size{1 << 20, 16ull << 30}, kRestart,
            "Size of the journal of small objects at which uploads wait for its trimming."),
      Field("object_bytes_max", &C::object_bytes_max, Size{1, 5ull << 40}, kRestart,
            "Largest object."),
      Field("upload_keep", &C::upload_keep, Duration{1s, 24h * 365}, kRestart,
            "Unfinished resumable and multipart uploads are dropped after this."),
      Field("uploads_open_max", &C::uploads_open_max, Whole{1, 10'000'000}, kRestart,
            "More unfinished uploads than this are refused."),
      Field("read_cache", &C::read_cache, Size{0, 16ull << 30}, kRestart,
            "Memory for small objects that are read often; 0 is off."),
      Field("soft_delete", &C::soft_delete, Duration{0ms, 24h * 90}, kRestart,
            "How long deleted objects can be restored, in new buckets that don't say; 0 is off."),
      Field("maintenance_interval", &C::maintenance_interval, Duration{100ms, 24h}, kLive,
            "How often expired uploads and soft-deleted objects are looked after."),
      Field("lifecycle_interval", &C::lifecycle_interval, Duration{100ms, 24h * 7}, kLive,
            "How often lifecycle rules are applied; each time looks at every object of the buckets "
            "that have any."),
  };
  return keys;
}

}  // namespace

const Section<StorageConfig>& StorageSection() {
  static const Section<StorageConfig> section{&Keys};
  return section;
}

}  // namespace caudal::app
