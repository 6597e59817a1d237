#include "query/snapshot_choice.h"

#include <fmt/format.h>

#include <charconv>

#include "data/timestamp.h"

namespace caudal::query {
namespace {

Error NotFound(std::string message) {
  return MakeError(ErrorKind::kNotFound, std::move(message), "snapshot.not_found");
}

ChosenSnapshot WithItsSchema(const lake::TableMetadata& metadata, const lake::Snapshot& snapshot) {
  const Schema* own = snapshot.schema_id ? metadata.FindSchema(*snapshot.schema_id) : nullptr;
  return {&snapshot, own != nullptr ? own : &metadata.schema()};
}

}  // namespace

ChosenSnapshot CurrentSnapshot(const lake::TableMetadata& metadata) {
  return {metadata.current_snapshot(), &metadata.schema()};
}

Result<ChosenSnapshot> SnapshotAt(const lake::TableMetadata& metadata, int64_t micros) {
  const lake::Snapshot* chosen = nullptr;
  const lake::Snapshot* oldest = nullptr;
  int64_t chosen_ms = 0;
  int64_t oldest_ms = 0;
  const auto look = [&](const lake::Snapshot* snapshot, int64_t timestamp_ms) {
    if (snapshot == nullptr) return;
    if (oldest == nullptr || timestamp_ms < oldest_ms) {
      oldest = snapshot;
      oldest_ms = timestamp_ms;
    }
    if (timestamp_ms * 1000 > micros || (chosen != nullptr && timestamp_ms < chosen_ms)) return;
    chosen = snapshot;
    chosen_ms = timestamp_ms;
  };
  for (const lake::SnapshotLogEntry& entry : metadata.snapshot_log)
    look(metadata.FindSnapshot(entry.snapshot_id), entry.timestamp_ms);
  if (const lake::Snapshot* current = metadata.current_snapshot();
      current != nullptr && metadata.snapshot_log.empty())
    look(current, current->timestamp_ms);
  if (chosen != nullptr) return WithItsSchema(metadata, *chosen);
  if (oldest == nullptr) return NotFound("the table has no snapshot");
  return NotFound(fmt::format("no snapshot of {} or before is kept; the oldest is of {}",
                              FormatRfc3339(micros), FormatRfc3339(oldest_ms * 1000)));
}

Result<ChosenSnapshot> SnapshotOfVersion(const lake::TableMetadata& metadata,
                                         const std::string& version) {
  if (const lake::SnapshotRef* ref = metadata.FindRef(version)) {
    const lake::Snapshot* snapshot = metadata.FindSnapshot(ref->snapshot_id);
    if (snapshot != nullptr && ref->tag) return WithItsSchema(metadata, *snapshot);
    if (snapshot != nullptr) return ChosenSnapshot{snapshot, &metadata.schema()};
  }
  int64_t id = 0;
  const auto [end, code] = std::from_chars(version.data(), version.data() + version.size(), id);
  if (code == std::errc() && end == version.data() + version.size())
    if (const lake::Snapshot* snapshot = metadata.FindSnapshot(id))
      return WithItsSchema(metadata, *snapshot);
  return NotFound(
      fmt::format("the table has no tag, branch or snapshot '{}' (or it was removed)", version));
}

}  // namespace caudal::query
