// A state of a table, and the names that point to states.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "data/json.h"

namespace caudal::lake {

struct Snapshot {
  int64_t id = 0;
  std::optional<int64_t> parent_id;
  int64_t sequence_number = 0;  // 0 in format version 1
  int64_t timestamp_ms = 0;
  std::string manifest_list;                   // where it lies; empty: `manifests`
  std::vector<std::string> manifests;          // format version 1 may list them here
  std::map<std::string, std::string> summary;  // "operation" is one of its keys
  std::optional<int32_t> schema_id;
  std::optional<int64_t> first_row_id;  // from format version 3 on
  std::optional<int64_t> added_rows;    // likewise
  std::optional<std::string> key_id;    // likewise

  std::string_view operation() const;  // "append", "replace", "overwrite", "delete"; may be empty
  bool operator==(const Snapshot&) const = default;
};

Json SnapshotToJson(const Snapshot& snapshot, int format_version);
// The same as compact text.
void AppendSnapshotText(std::string& text, const Snapshot& snapshot, int format_version);
Result<Snapshot> SnapshotFromJson(const Json& json);

inline constexpr std::string_view kMainBranch = "main";

struct SnapshotRef {
  int64_t snapshot_id = 0;
  bool tag = false;                              // else a branch
  std::optional<int32_t> min_snapshots_to_keep;  // of branches
  std::optional<int64_t> max_snapshot_age_ms;    // of branches
  std::optional<int64_t> max_ref_age_ms;         // not of main

  bool operator==(const SnapshotRef&) const = default;
};

using SnapshotRefs = std::map<std::string, SnapshotRef, std::less<>>;

Json SnapshotRefToJson(const SnapshotRef& ref);
// kInvalid also for a tag that has a branch's settings, and for settings that aren't positive.
Result<SnapshotRef> SnapshotRefFromJson(const Json& json);

}  // namespace caudal::lake
