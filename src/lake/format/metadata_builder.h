// Changes to a table's metadata, one after the other, into metadata that is checked as a whole. The
// base stays as it is; nothing is read or written, and time is given.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "lake/format/table_metadata.h"

namespace caudal::lake {

// Errors are kInvalid for what can't be, kConflict for what can't be any more because the table
// moved on: then the caller starts again from the table's present state. After an error the builder
// is not to be used. One thread at a time.
class MetadataBuilder {
 public:
  static constexpr int32_t kLastAdded = -1;  // in place of an id

  MetadataBuilder();  // of a new table
  explicit MetadataBuilder(TableMetadata base);

  const TableMetadata& metadata() const { return metadata_; }  // so far

  Result<void> AssignUuid(const std::string& uuid);
  Result<void> UpgradeFormatVersion(int version);
  // Gives the schema's id; that of an equal one, where there is one. Field ids are the caller's.
  Result<int32_t> AddSchema(const Schema& schema);
  Result<void> SetCurrentSchema(int32_t schema_id);
  // Against the current schema. Likewise.
  Result<int32_t> AddSpec(PartitionSpec spec);
  Result<void> SetDefaultSpec(int32_t spec_id);
  Result<int32_t> AddSortOrder(SortOrder order);
  Result<void> SetDefaultSortOrder(int32_t order_id);
  // Not in any branch yet. kConflict when its sequence number or first row id is taken.
  Result<void> AddSnapshot(Snapshot snapshot);
  Result<void> SetRef(const std::string& name, const SnapshotRef& ref);
  Result<void> RemoveRef(const std::string& name);
  // With the references and statistics that point to them. Ids that aren't there are left out.
  Result<void> RemoveSnapshots(const std::vector<int64_t>& ids);
  Result<void> SetLocation(const std::string& location);
  void SetProperties(const std::map<std::string, std::string>& properties);
  void RemoveProperties(const std::vector<std::string>& names);
  void SetStatistics(int64_t snapshot_id, Json statistics);
  void RemoveStatistics(int64_t snapshot_id);
  void SetPartitionStatistics(int64_t snapshot_id, Json statistics);
  void RemovePartitionStatistics(int64_t snapshot_id);
  Result<void> RemoveSpecs(const std::vector<int32_t>& ids);
  Result<void> RemoveSchemas(const std::vector<int32_t>& ids);
  Result<void> AddEncryptionKey(Json key);
  void RemoveEncryptionKey(const std::string& key_id);

  // Once. `previous_file` is where the base lies, for the metadata log, which is cut to `log_max`.
  Result<TableMetadata> Build(int64_t now_ms, const std::string& previous_file = {},
                              size_t log_max = 100);

 private:
  Result<void> CheckBindings() const;
  void FinishSnapshotLog();

  TableMetadata metadata_;
  int64_t base_updated_ms_ = 0;
  bool is_new_ = false;
  bool bindings_changed_ = false;
  std::optional<int32_t> last_schema_;
  std::optional<int32_t> last_spec_;
  std::optional<int32_t> last_order_;
  std::vector<int64_t> added_snapshots_;
};

}  // namespace caudal::lake
