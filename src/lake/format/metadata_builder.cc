#include "lake/format/metadata_builder.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "data/value.h"

namespace caudal::lake {
namespace {

Error Invalid(std::string message) { return MakeError(ErrorKind::kInvalid, std::move(message)); }
Error Conflict(std::string message) { return MakeError(ErrorKind::kConflict, std::move(message)); }

template <class T>
bool Contains(const std::vector<T>& list, const T& value) {
  return std::ranges::find(list, value) != list.end();
}

// Of columns that the format version has.
Result<void> CheckVersion(const Schema& schema, int version) {
  for (const Field* field : schema.AllFields()) {
    if (!field->type.nested() && field->type.format_version_min() > version)
      return Invalid(fmt::format("column \"{}\": type {} needs format version {}",
                                 schema.FullNameOf(field->id), field->type.Text(),
                                 field->type.format_version_min()));
    if (version < 3 && field->initial_default)
      return Invalid(fmt::format("column \"{}\": an initial default needs format version 3",
                                 schema.FullNameOf(field->id)));
  }
  if (schema.highest_field_id() > Schema::kFieldIdMax)
    return Invalid(fmt::format("column id {} is above {}, the greatest that a column may have",
                               schema.highest_field_id(), Schema::kFieldIdMax));
  return {};
}

void Replace(std::vector<Json>& list, const char* key, const Json& id, std::optional<Json> with) {
  std::erase_if(list, [&](const Json& one) {
    const auto found = one.find(key);
    return found != one.end() && *found == id;
  });
  if (with) list.push_back(std::move(*with));
}

}  // namespace

MetadataBuilder::MetadataBuilder() : is_new_(true) {}

MetadataBuilder::MetadataBuilder(TableMetadata base)
    : metadata_(std::move(base)), base_updated_ms_(metadata_.last_updated_ms) {}

Result<void> MetadataBuilder::AssignUuid(const std::string& uuid) {
  const auto bytes = ParseUuid(uuid);
  if (!bytes.ok()) return bytes.error();
  if (!metadata_.uuid.empty() && metadata_.uuid != uuid)
    return Invalid(fmt::format("the table has the UUID {} already", metadata_.uuid));
  metadata_.uuid = uuid;
  return {};
}

Result<void> MetadataBuilder::UpgradeFormatVersion(int version) {
  if (version > TableMetadata::kFormatVersionMax || (is_new_ && version < 2))
    return MakeError(ErrorKind::kUnsupported, fmt::format("tables of format version {}", version));
  if (version < metadata_.format_version)
    return Invalid(fmt::format("format version {} is below the table's, which is {}", version,
                               metadata_.format_version));
  metadata_.format_version = version;
  return {};
}

Result<int32_t> MetadataBuilder::AddSchema(const Schema& schema) {
  TRY(CheckVersion(schema, metadata_.format_version));
  int32_t id = 0;
  bool found = false;
  for (const Schema& one : metadata_.schemas) {
    if (found) break;
    found = one.SameAs(schema);
    id = found ? one.id() : std::max(id, one.id() + 1);
  }
  if (!found) {
    metadata_.schemas.push_back(schema.WithId(id));
    metadata_.last_column_id = std::max(metadata_.last_column_id, schema.highest_field_id());
  }
  last_schema_ = id;
  return id;
}

Result<void> MetadataBuilder::SetCurrentSchema(int32_t schema_id) {
  if (schema_id == kLastAdded) {
    if (!last_schema_) return Invalid("no schema was added that could become the current one");
    schema_id = *last_schema_;
  }
  if (metadata_.FindSchema(schema_id) == nullptr)
    return Invalid(fmt::format("there is no schema with id {}", schema_id));
  metadata_.current_schema_id = schema_id;
  bindings_changed_ = true;
  return {};
}

Result<int32_t> MetadataBuilder::AddSpec(PartitionSpec spec) {
  const Schema* schema = metadata_.FindSchema(metadata_.current_schema_id);
  if (schema == nullptr) return Invalid("a partition spec needs a current schema");
  TRY(CheckPartitionSpec(spec, *schema));
  spec.id = 0;
  for (const PartitionSpec& one : metadata_.specs) {
    if (one.SameAs(spec)) {
      last_spec_ = one.id;
      return one.id;
    }
    spec.id = std::max(spec.id, one.id + 1);
    // A field's id says what its values are, in all specs.
    for (const PartitionField& old : one.fields)
      for (const PartitionField& field : spec.fields)
        if (metadata_.format_version >= 2 && old.field_id == field.field_id &&
            (old.source_ids != field.source_ids ||
             (old.transform != field.transform && field.transform.kind() != TransformKind::kVoid &&
              old.transform.kind() != TransformKind::kVoid)))
          return Conflict(
              fmt::format("partition field id {} of \"{}\" is that of \"{}\" in spec {}",
                          field.field_id, field.name, old.name, one.id));
  }
  metadata_.last_partition_id = std::max(metadata_.last_partition_id, spec.highest_field_id());
  last_spec_ = spec.id;
  metadata_.specs.push_back(std::move(spec));
  return *last_spec_;
}

Result<void> MetadataBuilder::SetDefaultSpec(int32_t spec_id) {
  if (spec_id == kLastAdded) {
    if (!last_spec_) return Invalid("no partition spec was added that could become the default");
    spec_id = *last_spec_;
  }
  if (metadata_.FindSpec(spec_id) == nullptr)
    return Invalid(fmt::format("there is no partition spec with id {}", spec_id));
  metadata_.default_spec_id = spec_id;
  bindings_changed_ = true;
  return {};
}

Result<int32_t> MetadataBuilder::AddSortOrder(SortOrder order) {
  const Schema* schema = metadata_.FindSchema(metadata_.current_schema_id);
  if (schema == nullptr) return Invalid("a sort order needs a current schema");
  order.id = order.fields.empty() ? 0 : 1;
  for (const SortOrder& one : metadata_.sort_orders) {
    if (one.fields == order.fields) {
      last_order_ = one.id;
      return one.id;
    }
    if (!order.fields.empty()) order.id = std::max(order.id, one.id + 1);
  }
  TRY(CheckSortOrder(order, *schema));
  last_order_ = order.id;
  metadata_.sort_orders.push_back(std::move(order));
  return *last_order_;
}

Result<void> MetadataBuilder::SetDefaultSortOrder(int32_t order_id) {
  if (order_id == kLastAdded) {
    if (!last_order_) return Invalid("no sort order was added that could become the default");
    order_id = *last_order_;
  }
  if (metadata_.FindSortOrder(order_id) == nullptr)
    return Invalid(fmt::format("there is no sort order with id {}", order_id));
  metadata_.default_sort_order_id = order_id;
  bindings_changed_ = true;
  return {};
}

Result<void> MetadataBuilder::AddSnapshot(Snapshot snapshot) {
  if (metadata_.FindSnapshot(snapshot.id) != nullptr)
    return Invalid(fmt::format("snapshot {} exists already", snapshot.id));
  if (snapshot.schema_id && metadata_.FindSchema(*snapshot.schema_id) == nullptr)
    return Invalid(fmt::format("snapshot {} names schema {}, which does not exist", snapshot.id,
                               *snapshot.schema_id));
  if (metadata_.format_version >= 2) {
    if (snapshot.manifest_list.empty())
      return Invalid(fmt::format("snapshot {} has no manifest list", snapshot.id));
    if (snapshot.operation().empty())
      return Invalid(fmt::format("snapshot {} has no operation in its summary", snapshot.id));
    if (snapshot.sequence_number <= metadata_.last_sequence_number)
      return Conflict(fmt::format("sequence number {} of snapshot {} is not above the table's {}",
                                  snapshot.sequence_number, snapshot.id,
                                  metadata_.last_sequence_number));
    metadata_.last_sequence_number = snapshot.sequence_number;
  }
  if (metadata_.format_version >= 3) {
    if (!snapshot.first_row_id || !snapshot.added_rows)
      return Invalid(fmt::format("snapshot {} lacks first-row-id or added-rows", snapshot.id));
    if (*snapshot.first_row_id < metadata_.next_row_id)
      return Conflict(fmt::format("first row id {} of snapshot {} is below the table's next, {}",
                                  *snapshot.first_row_id, snapshot.id, metadata_.next_row_id));
    if (__builtin_add_overflow(*snapshot.first_row_id, *snapshot.added_rows,
                               &metadata_.next_row_id))
      return Invalid(fmt::format("row ids of snapshot {} are out of range", snapshot.id));
  }
  metadata_.last_updated_ms = snapshot.timestamp_ms;
  added_snapshots_.push_back(snapshot.id);
  metadata_.snapshots.Add(std::move(snapshot));
  return {};
}

Result<void> MetadataBuilder::SetRef(const std::string& name, const SnapshotRef& ref) {
  const Snapshot* snapshot = metadata_.FindSnapshot(ref.snapshot_id);
  if (snapshot == nullptr)
    return Invalid(fmt::format("reference \"{}\" can't point to snapshot {}, which does not exist",
                               name, ref.snapshot_id));
  const bool main = name == kMainBranch;
  if (name.empty()) return Invalid("a reference has an empty name");
  if (main && ref.tag) return Invalid("main must be a branch");
  if (main && metadata_.current_snapshot_id != ref.snapshot_id) {
    metadata_.current_snapshot_id = ref.snapshot_id;
    // Nothing is known of when an older snapshot became the current one again, but for now: Build
    // puts the time in.
    const bool added = Contains(added_snapshots_, ref.snapshot_id);
    metadata_.snapshot_log.push_back({added ? snapshot->timestamp_ms : -1, ref.snapshot_id});
  }
  metadata_.refs[name] = ref;
  return {};
}

Result<void> MetadataBuilder::RemoveRef(const std::string& name) {
  if (name == kMainBranch) {
    metadata_.current_snapshot_id.reset();
    metadata_.snapshot_log.clear();
  }
  metadata_.refs.erase(name);
  return {};
}

Result<void> MetadataBuilder::RemoveSnapshots(const std::vector<int64_t>& ids) {
  metadata_.snapshots.RemoveIf([&](int64_t id) { return Contains(ids, id); });
  for (const int64_t id : ids) {
    RemoveStatistics(id);
    RemovePartitionStatistics(id);
  }
  std::vector<std::string> dangling;
  for (const auto& [name, ref] : metadata_.refs)
    if (Contains(ids, ref.snapshot_id)) dangling.push_back(name);
  for (const std::string& name : dangling) TRY(RemoveRef(name));
  return {};
}

Result<void> MetadataBuilder::SetLocation(const std::string& location) {
  if (location.empty()) return Invalid("a table's location can't be empty");
  metadata_.location = location;
  while (metadata_.location.ends_with('/') && !metadata_.location.ends_with("://"))
    metadata_.location.pop_back();
  return {};
}

void MetadataBuilder::SetProperties(const std::map<std::string, std::string>& properties) {
  for (const auto& [name, value] : properties) metadata_.properties[name] = value;
}

void MetadataBuilder::RemoveProperties(const std::vector<std::string>& names) {
  for (const std::string& name : names) metadata_.properties.erase(name);
}

void MetadataBuilder::SetStatistics(int64_t snapshot_id, Json statistics) {
  Replace(metadata_.statistics, "snapshot-id", snapshot_id, std::move(statistics));
}
void MetadataBuilder::RemoveStatistics(int64_t snapshot_id) {
  Replace(metadata_.statistics, "snapshot-id", snapshot_id, std::nullopt);
}
void MetadataBuilder::SetPartitionStatistics(int64_t snapshot_id, Json statistics) {
  Replace(metadata_.partition_statistics, "snapshot-id", snapshot_id, std::move(statistics));
}
void MetadataBuilder::RemovePartitionStatistics(int64_t snapshot_id) {
  Replace(metadata_.partition_statistics, "snapshot-id", snapshot_id, std::nullopt);
}

Result<void> MetadataBuilder::RemoveSpecs(const std::vector<int32_t>& ids) {
  if (Contains(ids, metadata_.default_spec_id))
    return Invalid("the default partition spec can't be removed");
  std::erase_if(metadata_.specs, [&](const PartitionSpec& one) { return Contains(ids, one.id); });
  return {};
}

Result<void> MetadataBuilder::RemoveSchemas(const std::vector<int32_t>& ids) {
  if (Contains(ids, metadata_.current_schema_id))
    return Invalid("the current schema can't be removed");
  std::erase_if(metadata_.schemas, [&](const Schema& one) { return Contains(ids, one.id()); });
  return {};
}

Result<void> MetadataBuilder::AddEncryptionKey(Json key) {
  if (metadata_.format_version < 3) return Invalid("encryption keys need format version 3");
  const Json id = key.value("key-id", Json());
  if (!id.is_string()) return Invalid("an encryption key needs a \"key-id\"");
  Replace(metadata_.encryption_keys, "key-id", id, std::move(key));
  return {};
}

void MetadataBuilder::RemoveEncryptionKey(const std::string& key_id) {
  Replace(metadata_.encryption_keys, "key-id", key_id, std::nullopt);
}

Result<void> MetadataBuilder::CheckBindings() const {
  const Schema* schema = metadata_.FindSchema(metadata_.current_schema_id);
  const PartitionSpec* spec = metadata_.FindSpec(metadata_.default_spec_id);
  const SortOrder* order = metadata_.FindSortOrder(metadata_.default_sort_order_id);
  if (schema == nullptr) return Invalid("the table has no current schema");
  TRY(CheckVersion(*schema, metadata_.format_version));
  // What an older table came with stays, also where it would not be taken anew.
  if (spec != nullptr && spec->known()) TRY(CheckPartitionSpec(*spec, *schema));
  if (order != nullptr) TRY(CheckSortOrder(*order, *schema));
  return {};
}

// Snapshots that were current only between two changes of this one were never seen. What lies
// before an entry whose snapshot is gone can't be told any more.
void MetadataBuilder::FinishSnapshotLog() {
  std::vector<SnapshotLogEntry> log;
  for (SnapshotLogEntry entry : metadata_.snapshot_log) {
    if (entry.timestamp_ms < 0) entry.timestamp_ms = metadata_.last_updated_ms;
    const bool current = metadata_.current_snapshot_id == entry.snapshot_id;
    if (Contains(added_snapshots_, entry.snapshot_id) && !current) continue;
    if (metadata_.FindSnapshot(entry.snapshot_id) != nullptr)
      log.push_back(entry);
    else
      log.clear();
  }
  metadata_.snapshot_log = std::move(log);
}

Result<TableMetadata> MetadataBuilder::Build(int64_t now_ms, const std::string& previous_file,
                                             size_t log_max) {
  if (added_snapshots_.empty()) metadata_.last_updated_ms = now_ms;
  if (is_new_ && metadata_.specs.empty()) metadata_.specs.emplace_back();
  if (metadata_.FindSortOrder(0) == nullptr) metadata_.sort_orders.emplace_back();
  if (is_new_ || bindings_changed_) TRY(CheckBindings());
  FinishSnapshotLog();
  if (!previous_file.empty()) metadata_.metadata_log.push_back({base_updated_ms_, previous_file});
  if (metadata_.metadata_log.size() > log_max)
    metadata_.metadata_log.erase(
        metadata_.metadata_log.begin(),
        metadata_.metadata_log.end() - static_cast<std::ptrdiff_t>(log_max));
  TRY(CheckTableMetadata(metadata_));
  return std::move(metadata_);
}

}  // namespace caudal::lake
