#include "lake/upkeep/retention.h"

#include <algorithm>
#include <unordered_set>
#include <utility>

namespace caudal::lake {
namespace {

constexpr int64_t kSecondMs = 1'000;
constexpr int64_t kMinuteMs = 60'000;
constexpr int64_t kHourMs = 3'600'000;

// What references need.
std::unordered_set<int64_t> Referenced(const TableMetadata& metadata) {
  std::unordered_set<int64_t> kept;
  for (const auto& [name, ref] : metadata.refs) {
    kept.insert(ref.snapshot_id);
    if (ref.tag || name == kMainBranch) continue;
    const Snapshot* at = metadata.FindSnapshot(ref.snapshot_id);
    while (at != nullptr) {
      kept.insert(at->id);
      at = at->parent_id ? metadata.FindSnapshot(*at->parent_id) : nullptr;
    }
  }
  return kept;
}

}  // namespace

std::vector<int64_t> SnapshotsToExpire(const TableMetadata& metadata, const Retention& retention,
                                       int64_t now_ms) {
  const std::unordered_set<int64_t> referenced = Referenced(metadata);
  const int64_t age_max = metadata.NumberProperty("history.expire.max-snapshot-age-ms")
                              .value_or(std::max(retention.by_hour_ms, retention.by_minute_ms));
  const auto keep_min = static_cast<size_t>(
      metadata.NumberProperty("history.expire.min-snapshots-to-keep").value_or(1));
  // The youngest first: the first of a minute that is seen is its last.
  std::vector<const Snapshot*> snapshots;
  snapshots.reserve(metadata.snapshots.size());
  for (const Snapshot& snapshot : metadata.snapshots) snapshots.push_back(&snapshot);
  std::ranges::stable_sort(snapshots, std::ranges::greater{}, [](const Snapshot* snapshot) {
    return std::pair(snapshot->timestamp_ms, snapshot->sequence_number);
  });
  std::vector<int64_t> expired;
  size_t kept = 0;
  int64_t second = -1;
  int64_t minute = -1;
  int64_t hour = -1;
  for (const Snapshot* snapshot : snapshots) {
    const int64_t age = now_ms - snapshot->timestamp_ms;
    const int64_t of_second = snapshot->timestamp_ms / kSecondMs;
    const int64_t of_minute = snapshot->timestamp_ms / kMinuteMs;
    const int64_t of_hour = snapshot->timestamp_ms / kHourMs;
    bool keep = age <= retention.all_ms && kept < retention.all_max;
    if (!keep && age <= retention.all_ms) keep = of_second != second;
    if (!keep && age <= retention.by_minute_ms) keep = of_minute != minute;
    if (!keep && age <= retention.by_hour_ms) keep = of_hour != hour;
    second = of_second;
    minute = of_minute;
    hour = of_hour;
    keep = keep && age <= age_max;
    if (kept < keep_min) keep = true;
    if (referenced.contains(snapshot->id)) keep = true;
    if (keep) {
      ++kept;
    } else {
      expired.push_back(snapshot->id);
    }
  }
  return expired;
}

}  // namespace caudal::lake
