// The state of a table: what its metadata file says.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "data/json.h"
#include "data/schema.h"
#include "lake/format/partition.h"
#include "lake/format/snapshot.h"
#include "lake/format/snapshot_list.h"
#include "lake/format/sort_order.h"

namespace caudal::lake {

struct SnapshotLogEntry {
  int64_t timestamp_ms = 0;
  int64_t snapshot_id = 0;
  bool operator==(const SnapshotLogEntry&) const = default;
};

struct MetadataLogEntry {
  int64_t timestamp_ms = 0;
  std::string metadata_file;
  bool operator==(const MetadataLogEntry&) const = default;
};

// A value. Whoever changes one by hand keeps to the rules of CheckTableMetadata.
struct TableMetadata {
  static constexpr int kFormatVersionMax = 3;

  int format_version = 2;
  std::string uuid;
  std::string location;  // without a slash at its end
  int64_t last_sequence_number = 0;
  int64_t last_updated_ms = 0;
  int32_t last_column_id = 0;
  std::vector<Schema> schemas;
  int32_t current_schema_id = 0;
  std::vector<PartitionSpec> specs;
  int32_t default_spec_id = 0;
  int32_t last_partition_id = PartitionSpec::kFirstFieldId - 1;
  std::map<std::string, std::string> properties;
  std::optional<int64_t> current_snapshot_id;  // what main points to
  SnapshotList snapshots;
  std::vector<SnapshotLogEntry> snapshot_log;
  std::vector<MetadataLogEntry> metadata_log;
  std::vector<SortOrder> sort_orders;
  int32_t default_sort_order_id = 0;
  SnapshotRefs refs;
  // Kept as they came: objects with a "snapshot-id".
  std::vector<Json> statistics;
  std::vector<Json> partition_statistics;
  int64_t next_row_id = 0;            // from format version 3 on
  std::vector<Json> encryption_keys;  // likewise; objects with a "key-id"

  // Null when there is none.
  const Schema* FindSchema(int32_t id) const;
  const PartitionSpec* FindSpec(int32_t id) const;
  const SortOrder* FindSortOrder(int32_t id) const;
  const Snapshot* FindSnapshot(int64_t id) const;
  const Snapshot* current_snapshot() const;
  const SnapshotRef* FindRef(std::string_view name) const;
  // A property that is a whole number from 0, and nothing else.
  std::optional<int64_t> NumberProperty(const std::string& name) const;
  // Of checked metadata.
  const Schema& schema() const;
  const PartitionSpec& spec() const;
  const SortOrder& sort_order() const;

  bool operator==(const TableMetadata&) const = default;
};

// kInvalid, naming the field: ids that point nowhere or are there twice, a format version without
// what it needs, types that the version doesn't have.
Result<void> CheckTableMetadata(const TableMetadata& metadata);

// Of versions 1 to 3, with what older writers leave out filled in; checked. kUnsupported for a
// newer version.
Result<TableMetadata> TableMetadataFromJson(const Json& json);
Result<TableMetadata> ParseTableMetadata(std::string_view text);
// Of version 1, the fields of old readers are written as well.
Json TableMetadataToJson(const TableMetadata& metadata);
// The same as compact text, without a tree of what grows with every commit; snapshots that were in
// the text of an earlier state are copied.
std::string TableMetadataText(const TableMetadata& metadata);

}  // namespace caudal::lake
