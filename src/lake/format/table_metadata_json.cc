#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "lake/format/json_reader.h"
#include "lake/format/json_text.h"
#include "lake/format/schema_json.h"
#include "lake/format/table_metadata.h"

namespace caudal::lake {
namespace {

constexpr const char* kWhat = "table metadata";

template <class T, class Read>
Result<std::vector<T>> ReadList(const Json* list, Read&& read) {
  std::vector<T> all;
  if (list == nullptr) return all;
  all.reserve(list->size());
  for (const Json& one : *list) {
    T value = TRY(read(one));
    all.push_back(std::move(value));
  }
  return all;
}

Result<Json> ReadObject(const Json& json) {
  if (!json.is_object())
    return MakeError(ErrorKind::kInvalid, "table metadata: statistics and keys must be objects");
  return json;
}

Result<void> ReadSchemas(const JsonReader& reader, TableMetadata& metadata) {
  const Json* list = TRY(reader.OptionalList("schemas"));
  if (list != nullptr) {
    metadata.schemas = TRY(ReadList<Schema>(list, SchemaFromJson));
    metadata.current_schema_id = TRY(reader.Int("current-schema-id"));
    return {};
  }
  if (metadata.format_version > 1) return reader.Bad("schemas", "is missing");
  const Json* one = TRY(reader.Require("schema"));
  const Schema schema = TRY(SchemaFromJson(*one));
  metadata.schemas.push_back(schema);
  metadata.current_schema_id = schema.id();
  return {};
}

Result<void> ReadSpecs(const JsonReader& reader, TableMetadata& metadata) {
  const Json* list = TRY(reader.OptionalList("partition-specs"));
  if (list != nullptr) {
    metadata.specs = TRY(ReadList<PartitionSpec>(
        list, [](const Json& json) { return PartitionSpecFromJson(json); }));
    metadata.default_spec_id = TRY(reader.Int("default-spec-id"));
  } else {
    if (metadata.format_version > 1) return reader.Bad("partition-specs", "is missing");
    const Json* fields = TRY(reader.List("partition-spec"));
    PartitionSpec spec = TRY(PartitionFieldsFromJson(0, *fields));
    metadata.specs.push_back(std::move(spec));
  }
  const auto last = TRY(reader.OptionalInt("last-partition-id"));
  if (!last && metadata.format_version > 1) return reader.Bad("last-partition-id", "is missing");
  metadata.last_partition_id = last.value_or(PartitionSpec::kFirstFieldId - 1);
  if (!last)
    for (const PartitionSpec& spec : metadata.specs)
      metadata.last_partition_id = std::max(metadata.last_partition_id, spec.highest_field_id());
  // Some writers say 0 for a table that never had a partition field.
  metadata.last_partition_id =
      std::max(metadata.last_partition_id, PartitionSpec::kFirstFieldId - 1);
  return {};
}

Result<void> ReadSortOrders(const JsonReader& reader, TableMetadata& metadata) {
  const Json* list = TRY(reader.OptionalList("sort-orders"));
  if (list == nullptr) {
    if (metadata.format_version > 1) return reader.Bad("sort-orders", "is missing");
    metadata.sort_orders.emplace_back();
    return {};
  }
  metadata.sort_orders = TRY(ReadList<SortOrder>(list, SortOrderFromJson));
  metadata.default_sort_order_id = TRY(reader.Int("default-sort-order-id"));
  // The order of no fields needs no mention.
  if (metadata.FindSortOrder(0) == nullptr) metadata.sort_orders.emplace_back();
  return {};
}

Result<SnapshotLogEntry> SnapshotLogEntryFromJson(const Json& json) {
  const JsonReader reader = TRY(JsonReader::Of(json, "snapshot-log entry"));
  SnapshotLogEntry entry;
  entry.timestamp_ms = TRY(reader.Long("timestamp-ms"));
  entry.snapshot_id = TRY(reader.Long("snapshot-id"));
  return entry;
}

Result<MetadataLogEntry> MetadataLogEntryFromJson(const Json& json) {
  const JsonReader reader = TRY(JsonReader::Of(json, "metadata-log entry"));
  MetadataLogEntry entry;
  entry.timestamp_ms = TRY(reader.Long("timestamp-ms"));
  entry.metadata_file = TRY(reader.Text("metadata-file"));
  return entry;
}

Result<void> ReadSnapshots(const JsonReader& reader, TableMetadata& metadata) {
  const Json* snapshots = TRY(reader.OptionalList("snapshots"));
  if (snapshots != nullptr)
    for (const Json& one : *snapshots) {
      Snapshot snapshot = TRY(SnapshotFromJson(one));
      metadata.snapshots.Add(std::move(snapshot));
    }
  const Json* snapshot_log = TRY(reader.OptionalList("snapshot-log"));
  metadata.snapshot_log = TRY(ReadList<SnapshotLogEntry>(snapshot_log, SnapshotLogEntryFromJson));
  const Json* metadata_log = TRY(reader.OptionalList("metadata-log"));
  metadata.metadata_log = TRY(ReadList<MetadataLogEntry>(metadata_log, MetadataLogEntryFromJson));
  metadata.current_snapshot_id = TRY(reader.OptionalLong("current-snapshot-id"));
  if (metadata.current_snapshot_id == -1) metadata.current_snapshot_id.reset();
  const Json* refs = reader.Find("refs");
  if (refs != nullptr && !refs->is_object()) return reader.Bad("refs", "must be an object");
  if (refs != nullptr)
    for (const auto& [name, json] : refs->items())
      metadata.refs[name] = TRY(SnapshotRefFromJson(json));
  // Older writers have no references; the branch is there all the same.
  if (metadata.current_snapshot_id && metadata.FindRef(kMainBranch) == nullptr)
    metadata.refs[std::string(kMainBranch)].snapshot_id = *metadata.current_snapshot_id;
  return {};
}

template <class List, class Write>
Json WriteList(const List& list, Write&& write) {
  Json all = Json::array();
  for (const auto& one : list) all.push_back(write(one));
  return all;
}

// The lists that grow with every commit.
void WriteHistory(const TableMetadata& metadata, Json& json) {
  json["snapshots"] = WriteList(metadata.snapshots, [&](const Snapshot& snapshot) {
    return SnapshotToJson(snapshot, metadata.format_version);
  });
  json["snapshot-log"] = WriteList(metadata.snapshot_log, [](const SnapshotLogEntry& entry) {
    return Json{{"timestamp-ms", entry.timestamp_ms}, {"snapshot-id", entry.snapshot_id}};
  });
  json["metadata-log"] = WriteList(metadata.metadata_log, [](const MetadataLogEntry& entry) {
    return Json{{"timestamp-ms", entry.timestamp_ms}, {"metadata-file", entry.metadata_file}};
  });
}

void WriteReferences(const TableMetadata& metadata, Json& json) {
  json["current-snapshot-id"] =
      metadata.current_snapshot_id ? Json(*metadata.current_snapshot_id) : Json(-1);
  Json refs = Json::object();
  for (const auto& [name, ref] : metadata.refs) refs[name] = SnapshotRefToJson(ref);
  json["refs"] = std::move(refs);
}

// All but the history.
Json WriteState(const TableMetadata& metadata) {
  Json json = {{"format-version", metadata.format_version},
               {"location", metadata.location},
               {"last-updated-ms", metadata.last_updated_ms},
               {"last-column-id", metadata.last_column_id},
               {"current-schema-id", metadata.current_schema_id},
               {"default-spec-id", metadata.default_spec_id},
               {"last-partition-id", metadata.last_partition_id},
               {"default-sort-order-id", metadata.default_sort_order_id},
               {"properties", metadata.properties}};
  if (!metadata.uuid.empty()) json["table-uuid"] = metadata.uuid;
  json["schemas"] = WriteList(metadata.schemas, SchemaToJson);
  json["partition-specs"] = WriteList(metadata.specs, PartitionSpecToJson);
  json["sort-orders"] = WriteList(metadata.sort_orders, SortOrderToJson);
  WriteReferences(metadata, json);
  json["statistics"] = metadata.statistics;
  json["partition-statistics"] = metadata.partition_statistics;
  if (metadata.format_version == 1) {
    json["schema"] = SchemaToJson(metadata.schema());
    json["partition-spec"] = PartitionFieldsToJson(metadata.spec());
  } else {
    json["last-sequence-number"] = metadata.last_sequence_number;
  }
  if (metadata.format_version >= 3) {
    json["next-row-id"] = metadata.next_row_id;
    if (!metadata.encryption_keys.empty()) json["encryption-keys"] = metadata.encryption_keys;
  }
  return json;
}

}  // namespace

Result<TableMetadata> TableMetadataFromJson(const Json& json) {
  const JsonReader reader = TRY(JsonReader::Of(json, kWhat));
  TableMetadata metadata;
  metadata.format_version = TRY(reader.Int("format-version"));
  if (metadata.format_version < 1 || metadata.format_version > TableMetadata::kFormatVersionMax)
    return MakeError(ErrorKind::kUnsupported,
                     fmt::format("tables of format version {}", metadata.format_version));
  const auto uuid = TRY(reader.OptionalText("table-uuid"));
  metadata.uuid = uuid.value_or("");
  metadata.location = TRY(reader.Text("location"));
  while (metadata.location.ends_with('/') && !metadata.location.ends_with("://"))
    metadata.location.pop_back();
  if (metadata.format_version > 1)
    metadata.last_sequence_number = TRY(reader.Long("last-sequence-number"));
  metadata.last_updated_ms = TRY(reader.Long("last-updated-ms"));
  metadata.last_column_id = TRY(reader.Int("last-column-id"));
  metadata.properties = TRY(reader.OptionalMap("properties"));
  TRY(ReadSchemas(reader, metadata));
  TRY(ReadSpecs(reader, metadata));
  TRY(ReadSortOrders(reader, metadata));
  TRY(ReadSnapshots(reader, metadata));
  const Json* statistics = TRY(reader.OptionalList("statistics"));
  metadata.statistics = TRY(ReadList<Json>(statistics, ReadObject));
  const Json* partition_statistics = TRY(reader.OptionalList("partition-statistics"));
  metadata.partition_statistics = TRY(ReadList<Json>(partition_statistics, ReadObject));
  if (metadata.format_version >= 3) {
    metadata.next_row_id = TRY(reader.Long("next-row-id"));
    const Json* keys = TRY(reader.OptionalList("encryption-keys"));
    metadata.encryption_keys = TRY(ReadList<Json>(keys, ReadObject));
  }
  TRY(CheckTableMetadata(metadata));
  return metadata;
}

Result<TableMetadata> ParseTableMetadata(std::string_view text) {
  const Json json = TRY(ParseJson(text, kWhat, 256));
  return TableMetadataFromJson(json);
}

Json TableMetadataToJson(const TableMetadata& metadata) {
  Json json = WriteState(metadata);
  WriteHistory(metadata, json);
  return json;
}

std::string TableMetadataText(const TableMetadata& metadata) {
  std::string text = DumpJson(WriteState(metadata));
  text.pop_back();
  text += R"(,"metadata-log":[)";
  for (const MetadataLogEntry& entry : metadata.metadata_log) {
    text += R"({"metadata-file":)";
    AppendQuoted(text, entry.metadata_file);
    fmt::format_to(std::back_inserter(text), R"(,"timestamp-ms":{}}},)", entry.timestamp_ms);
  }
  if (text.back() == ',') text.pop_back();
  text += R"(],"snapshot-log":[)";
  for (const SnapshotLogEntry& entry : metadata.snapshot_log)
    fmt::format_to(std::back_inserter(text), R"({{"snapshot-id":{},"timestamp-ms":{}}},)",
                   entry.snapshot_id, entry.timestamp_ms);
  if (text.back() == ',') text.pop_back();
  text += R"(],"snapshots":)";
  metadata.snapshots.AppendText(text, metadata.format_version);
  text += '}';
  return text;
}

}  // namespace caudal::lake
