#include "lake/format/table_metadata.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <utility>

namespace caudal::lake {
namespace {

Error Bad(std::string message) {
  return MakeError(ErrorKind::kInvalid, "table metadata: " + std::move(message));
}

template <class List, class Id>
auto FindIn(const List& list, Id id, Id (*id_of)(const typename List::value_type&)) -> const
    typename List::value_type* {
  for (const auto& one : list)
    if (id_of(one) == id) return &one;
  return nullptr;
}

template <class List, class Id>
Result<void> CheckIds(const List& list, const char* name,
                      Id (*id_of)(const typename List::value_type&)) {
  std::vector<Id> ids;
  ids.reserve(list.size());
  for (const auto& one : list) ids.push_back(id_of(one));
  std::ranges::sort(ids);
  const auto twice = std::ranges::adjacent_find(ids);
  if (twice == ids.end()) return {};
  return Bad(fmt::format("\"{}\" has two with id {}", name, *twice));
}

int32_t SchemaId(const Schema& schema) { return schema.id(); }
int32_t SpecId(const PartitionSpec& spec) { return spec.id; }
int32_t OrderId(const SortOrder& order) { return order.id; }
int64_t SnapshotId(const Snapshot& snapshot) { return snapshot.id; }

Result<void> CheckSchemas(const TableMetadata& metadata) {
  TRY(CheckIds(metadata.schemas, "schemas", &SchemaId));
  if (metadata.FindSchema(metadata.current_schema_id) == nullptr)
    return Bad(fmt::format("\"current-schema-id\" {} is no schema's", metadata.current_schema_id));
  for (const Schema& schema : metadata.schemas) {
    if (schema.highest_field_id() > metadata.last_column_id)
      return Bad(fmt::format("\"last-column-id\" {} is below a field's id {}",
                             metadata.last_column_id, schema.highest_field_id()));
    if (schema.highest_field_id() > Schema::kFieldIdMax)
      return Bad(
          fmt::format("field id {} is kept for metadata columns", schema.highest_field_id()));
  }
  for (const Field* field : metadata.schema().AllFields())
    if (!field->type.nested() && field->type.format_version_min() > metadata.format_version)
      return Bad(fmt::format("field \"{}\" of type {} needs format version {}", field->name,
                             field->type.Text(), field->type.format_version_min()));
  return {};
}

Result<void> CheckSnapshots(const TableMetadata& metadata) {
  TRY(CheckIds(metadata.snapshots, "snapshots", &SnapshotId));
  for (const Snapshot& snapshot : metadata.snapshots) {
    if (snapshot.sequence_number > metadata.last_sequence_number)
      return Bad(fmt::format("\"last-sequence-number\" {} is below that of snapshot {}",
                             metadata.last_sequence_number, snapshot.id));
    if (metadata.format_version >= 2 && snapshot.manifest_list.empty() &&
        snapshot.sequence_number > 0)
      return Bad(fmt::format("snapshot {} has no manifest list", snapshot.id));
  }
  if (metadata.current_snapshot_id && metadata.current_snapshot() == nullptr)
    return Bad(
        fmt::format("\"current-snapshot-id\" {} is no snapshot's", *metadata.current_snapshot_id));
  for (const auto& [name, ref] : metadata.refs)
    if (metadata.FindSnapshot(ref.snapshot_id) == nullptr)
      return Bad(fmt::format("reference \"{}\" points to snapshot {}, which does not exist", name,
                             ref.snapshot_id));
  const SnapshotRef* main = metadata.FindRef(kMainBranch);
  const auto main_id = main == nullptr ? std::nullopt : std::optional(main->snapshot_id);
  if (main_id != metadata.current_snapshot_id)
    return Bad("\"current-snapshot-id\" is not the snapshot of branch main");
  if (main != nullptr && main->tag) return Bad("main is a tag, and must be a branch");
  return {};
}

}  // namespace

const Schema* TableMetadata::FindSchema(int32_t id) const { return FindIn(schemas, id, &SchemaId); }
const PartitionSpec* TableMetadata::FindSpec(int32_t id) const {
  return FindIn(specs, id, &SpecId);
}
const SortOrder* TableMetadata::FindSortOrder(int32_t id) const {
  return FindIn(sort_orders, id, &OrderId);
}
const Snapshot* TableMetadata::FindSnapshot(int64_t id) const { return snapshots.Find(id); }
const Snapshot* TableMetadata::current_snapshot() const {
  return current_snapshot_id ? FindSnapshot(*current_snapshot_id) : nullptr;
}

const SnapshotRef* TableMetadata::FindRef(std::string_view name) const {
  const auto found = refs.find(name);
  return found == refs.end() ? nullptr : &found->second;
}

std::optional<int64_t> TableMetadata::NumberProperty(const std::string& name) const {
  const auto set = properties.find(name);
  if (set == properties.end()) return std::nullopt;
  int64_t value = 0;
  const char* end = set->second.data() + set->second.size();
  const auto [stop, error] = std::from_chars(set->second.data(), end, value);
  if (error != std::errc() || stop != end || value < 0) return std::nullopt;
  return value;
}

const Schema& TableMetadata::schema() const {
  const Schema* found = FindSchema(current_schema_id);
  CAUDAL_CHECK(found != nullptr, "metadata without its current schema");
  return *found;
}

const PartitionSpec& TableMetadata::spec() const {
  const PartitionSpec* found = FindSpec(default_spec_id);
  CAUDAL_CHECK(found != nullptr, "metadata without its default spec");
  return *found;
}

const SortOrder& TableMetadata::sort_order() const {
  const SortOrder* found = FindSortOrder(default_sort_order_id);
  CAUDAL_CHECK(found != nullptr, "metadata without its default sort order");
  return *found;
}

Result<void> CheckTableMetadata(const TableMetadata& metadata) {
  if (metadata.format_version < 1 || metadata.format_version > TableMetadata::kFormatVersionMax)
    return MakeError(ErrorKind::kUnsupported,
                     fmt::format("tables of format version {}", metadata.format_version));
  if (metadata.location.empty()) return Bad("\"location\" is empty");
  if (metadata.format_version >= 2 && metadata.uuid.empty())
    return Bad("\"table-uuid\" is missing");
  if (metadata.last_sequence_number < 0) return Bad("\"last-sequence-number\" is negative");
  if (metadata.next_row_id < 0) return Bad("\"next-row-id\" is negative");
  TRY(CheckSchemas(metadata));
  TRY(CheckIds(metadata.specs, "partition-specs", &SpecId));
  if (metadata.FindSpec(metadata.default_spec_id) == nullptr)
    return Bad(fmt::format("\"default-spec-id\" {} is no spec's", metadata.default_spec_id));
  for (const PartitionSpec& spec : metadata.specs)
    if (spec.highest_field_id() > metadata.last_partition_id)
      return Bad(fmt::format("\"last-partition-id\" {} is below a field's id {}",
                             metadata.last_partition_id, spec.highest_field_id()));
  TRY(CheckIds(metadata.sort_orders, "sort-orders", &OrderId));
  if (metadata.FindSortOrder(metadata.default_sort_order_id) == nullptr)
    return Bad(
        fmt::format("\"default-sort-order-id\" {} is no order's", metadata.default_sort_order_id));
  return CheckSnapshots(metadata);
}

}  // namespace caudal::lake
