#include "lake/format/metadata_update.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "lake/format/json_reader.h"
#include "lake/format/metadata_builder.h"
#include "lake/format/schema_json.h"

namespace caudal::lake {
namespace {

using Apply = Result<void> (*)(const JsonReader& update, MetadataBuilder& table);

Result<void> AddSchema(const JsonReader& update, MetadataBuilder& table) {
  const Json* json = TRY(update.Require("schema"));
  const Schema schema = TRY(SchemaFromJson(*json));
  TRY(table.AddSchema(schema));
  return {};
}

// Fields without an id get that of an equal field of another spec, or a new one.
Result<void> AddSpec(const JsonReader& update, MetadataBuilder& table) {
  const Json* given = TRY(update.Require("spec"));
  const JsonReader reader = TRY(JsonReader::Of(*given, "partition spec"));
  const Json* fields = TRY(reader.List("fields"));
  Json json = *fields;
  const int32_t next_id = table.metadata().last_partition_id + 1;
  const PartitionSpec parsed = TRY(PartitionFieldsFromJson(0, json, next_id));
  for (size_t i = 0; i < json.size(); ++i) {
    if (json[i].contains("field-id") && !json[i]["field-id"].is_null()) continue;
    for (const PartitionSpec& spec : table.metadata().specs)
      for (const PartitionField& field : spec.fields)
        if (field.SameAs(parsed.fields[i])) json[i]["field-id"] = field.field_id;
  }
  PartitionSpec spec = TRY(PartitionFieldsFromJson(0, json, next_id));
  TRY(table.AddSpec(std::move(spec)));
  return {};
}

Result<void> AddSortOrder(const JsonReader& update, MetadataBuilder& table) {
  const Json* json = TRY(update.Require("sort-order"));
  SortOrder order = TRY(SortOrderFromJson(*json));
  TRY(table.AddSortOrder(std::move(order)));
  return {};
}

Result<void> AddSnapshot(const JsonReader& update, MetadataBuilder& table) {
  const Json* json = TRY(update.Require("snapshot"));
  Snapshot snapshot = TRY(SnapshotFromJson(*json));
  return table.AddSnapshot(std::move(snapshot));
}

Result<void> SetRef(const JsonReader& update, MetadataBuilder& table) {
  const std::string name = TRY(update.Text("ref-name"));
  const SnapshotRef ref = TRY(SnapshotRefFromJson(update.json()));
  return table.SetRef(name, ref);
}

Result<void> RemoveRef(const JsonReader& update, MetadataBuilder& table) {
  const std::string name = TRY(update.Text("ref-name"));
  return table.RemoveRef(name);
}

Result<void> RemoveSnapshots(const JsonReader& update, MetadataBuilder& table) {
  const std::vector<int64_t> ids = TRY(update.OptionalLongs("snapshot-ids"));
  return table.RemoveSnapshots(ids);
}

// An older name of the same member is taken as well.
const char* EitherName(const JsonReader& update, const char* name, const char* older) {
  return update.Has(name) ? name : older;
}

Result<void> SetProperties(const JsonReader& update, MetadataBuilder& table) {
  const auto properties = TRY(update.OptionalMap(EitherName(update, "updates", "updated")));
  table.SetProperties(properties);
  return {};
}

Result<void> RemoveProperties(const JsonReader& update, MetadataBuilder& table) {
  const char* key = EitherName(update, "removals", "removed");
  const Json* list = TRY(update.List(key));
  std::vector<std::string> names;
  for (const Json& one : *list) {
    if (!one.is_string()) return update.Bad(key, "must be a list of strings");
    names.push_back(one.get<std::string>());
  }
  table.RemoveProperties(names);
  return {};
}

Result<void> SetStatistics(const JsonReader& update, MetadataBuilder& table) {
  const Json* json = TRY(update.Require("statistics"));
  const JsonReader statistics = TRY(JsonReader::Of(*json, "statistics"));
  const int64_t id = TRY(statistics.Long("snapshot-id"));
  TRY(statistics.Text("statistics-path"));
  table.SetStatistics(id, *json);
  return {};
}

Result<void> RemoveStatistics(const JsonReader& update, MetadataBuilder& table) {
  const int64_t id = TRY(update.Long("snapshot-id"));
  table.RemoveStatistics(id);
  return {};
}

Result<void> SetPartitionStatistics(const JsonReader& update, MetadataBuilder& table) {
  const Json* json = TRY(update.Require("partition-statistics"));
  const JsonReader statistics = TRY(JsonReader::Of(*json, "partition statistics"));
  const int64_t id = TRY(statistics.Long("snapshot-id"));
  TRY(statistics.Text("statistics-path"));
  table.SetPartitionStatistics(id, *json);
  return {};
}

Result<void> RemovePartitionStatistics(const JsonReader& update, MetadataBuilder& table) {
  const int64_t id = TRY(update.Long("snapshot-id"));
  table.RemovePartitionStatistics(id);
  return {};
}

Result<void> RemoveSpecs(const JsonReader& update, MetadataBuilder& table) {
  const std::vector<int32_t> ids = TRY(update.OptionalInts("spec-ids"));
  return table.RemoveSpecs(ids);
}

Result<void> RemoveSchemas(const JsonReader& update, MetadataBuilder& table) {
  const std::vector<int32_t> ids = TRY(update.OptionalInts("schema-ids"));
  return table.RemoveSchemas(ids);
}

Result<void> AddEncryptionKey(const JsonReader& update, MetadataBuilder& table) {
  const Json* key = TRY(update.Require("encryption-key"));
  if (!key->is_object()) return update.Bad("encryption-key", "must be an object");
  return table.AddEncryptionKey(*key);
}

Result<void> RemoveEncryptionKey(const JsonReader& update, MetadataBuilder& table) {
  const std::string id = TRY(update.Text("key-id"));
  table.RemoveEncryptionKey(id);
  return {};
}

Result<void> AssignUuid(const JsonReader& update, MetadataBuilder& table) {
  const std::string uuid = TRY(update.Text("uuid"));
  return table.AssignUuid(uuid);
}

Result<void> SetLocation(const JsonReader& update, MetadataBuilder& table) {
  const std::string location = TRY(update.Text("location"));
  return table.SetLocation(location);
}

template <class Number, Result<void> (MetadataBuilder::*Method)(Number)>
Result<void> WithInt(const JsonReader& update, MetadataBuilder& table, const char* key) {
  const int32_t number = TRY(update.Int(key));
  return (table.*Method)(number);
}

Result<void> UpgradeFormatVersion(const JsonReader& update, MetadataBuilder& table) {
  return WithInt<int, &MetadataBuilder::UpgradeFormatVersion>(update, table, "format-version");
}
Result<void> SetCurrentSchema(const JsonReader& update, MetadataBuilder& table) {
  return WithInt<int32_t, &MetadataBuilder::SetCurrentSchema>(update, table, "schema-id");
}
Result<void> SetDefaultSpec(const JsonReader& update, MetadataBuilder& table) {
  return WithInt<int32_t, &MetadataBuilder::SetDefaultSpec>(update, table, "spec-id");
}
Result<void> SetDefaultSortOrder(const JsonReader& update, MetadataBuilder& table) {
  return WithInt<int32_t, &MetadataBuilder::SetDefaultSortOrder>(update, table, "sort-order-id");
}

constexpr std::pair<std::string_view, Apply> kUpdates[] = {
    {"assign-uuid", AssignUuid},
    {"upgrade-format-version", UpgradeFormatVersion},
    {"add-schema", AddSchema},
    {"set-current-schema", SetCurrentSchema},
    {"add-spec", AddSpec},
    {"set-default-spec", SetDefaultSpec},
    {"add-sort-order", AddSortOrder},
    {"set-default-sort-order", SetDefaultSortOrder},
    {"add-snapshot", AddSnapshot},
    {"set-snapshot-ref", SetRef},
    {"remove-snapshot-ref", RemoveRef},
    {"remove-snapshots", RemoveSnapshots},
    {"set-location", SetLocation},
    {"set-properties", SetProperties},
    {"remove-properties", RemoveProperties},
    {"set-statistics", SetStatistics},
    {"remove-statistics", RemoveStatistics},
    {"set-partition-statistics", SetPartitionStatistics},
    {"remove-partition-statistics", RemovePartitionStatistics},
    {"remove-partition-specs", RemoveSpecs},
    {"remove-schemas", RemoveSchemas},
    {"add-encryption-key", AddEncryptionKey},
    {"remove-encryption-key", RemoveEncryptionKey},
};

std::string TextOf(const std::optional<int64_t>& id) { return id ? std::to_string(*id) : "none"; }

struct NumberCheck {
  const char* type;
  const char* key;
  int32_t TableMetadata::*member;
};

constexpr NumberCheck kNumberChecks[] = {
    {"assert-last-assigned-field-id", "last-assigned-field-id", &TableMetadata::last_column_id},
    {"assert-current-schema-id", "current-schema-id", &TableMetadata::current_schema_id},
    {"assert-last-assigned-partition-id", "last-assigned-partition-id",
     &TableMetadata::last_partition_id},
    {"assert-default-spec-id", "default-spec-id", &TableMetadata::default_spec_id},
    {"assert-default-sort-order-id", "default-sort-order-id",
     &TableMetadata::default_sort_order_id},
};

Error Failed(std::string_view type, std::string_view wanted, std::string_view found) {
  return MakeError(
      ErrorKind::kConflict,
      fmt::format("requirement {} failed: expected {}, the table has {}", type, wanted, found),
      "table.requirement_failed");
}

Error NoTable(std::string_view type) {
  return MakeError(ErrorKind::kConflict,
                   fmt::format("requirement {} failed: there is no table", type),
                   "table.requirement_failed");
}

Result<void> CheckUuid(const JsonReader& reader, const TableMetadata* base) {
  const std::string uuid = TRY(reader.Text("uuid"));
  if (base == nullptr) return NoTable("assert-table-uuid");
  const auto lower = [](std::string text) {
    for (char& c : text)
      if (c >= 'A' && c <= 'F') c = static_cast<char>(c - 'A' + 'a');
    return text;
  };
  if (lower(uuid) != lower(base->uuid)) return Failed("assert-table-uuid", uuid, base->uuid);
  return {};
}

Result<void> CheckRef(const JsonReader& reader, const TableMetadata* base) {
  const std::string name = TRY(reader.Text("ref"));
  const auto wanted = TRY(reader.OptionalLong("snapshot-id"));
  const std::string type = fmt::format("assert-ref-snapshot-id of \"{}\"", name);
  if (base == nullptr) return wanted ? Result<void>(NoTable(type)) : Result<void>();
  const SnapshotRef* ref = base->FindRef(name);
  const auto found = ref == nullptr ? std::nullopt : std::optional(ref->snapshot_id);
  if (wanted != found) return Failed(type, TextOf(wanted), TextOf(found));
  return {};
}

Result<void> CheckRequirement(const Json& json, const TableMetadata* base) {
  const JsonReader reader = TRY(JsonReader::Of(json, "requirement"));
  const std::string type = TRY(reader.Text("type"));
  if (type == "assert-create") {
    if (base == nullptr) return {};
    return MakeError(ErrorKind::kConflict, "requirement assert-create failed: the table exists",
                     "table.requirement_failed");
  }
  if (type == "assert-table-uuid") return CheckUuid(reader, base);
  if (type == "assert-ref-snapshot-id") return CheckRef(reader, base);
  for (const NumberCheck& check : kNumberChecks) {
    if (type != check.type) continue;
    const int32_t wanted = TRY(reader.Int(check.key));
    if (base == nullptr) return NoTable(type);
    if (base->*check.member != wanted)
      return Failed(type, std::to_string(wanted), std::to_string(base->*check.member));
    return {};
  }
  return reader.Bad("type", fmt::format("is {}, which is not known", DumpJson(type)));
}

}  // namespace

Result<void> CheckRequirements(const Json& requirements, const TableMetadata* base) {
  if (!requirements.is_array())
    return MakeError(ErrorKind::kInvalid, "\"requirements\" must be a list");
  for (const Json& one : requirements) TRY(CheckRequirement(one, base));
  return {};
}

Result<TableMetadata> ApplyUpdates(const TableMetadata* base, const Json& updates,
                                   const UpdateContext& context) {
  if (!updates.is_array()) return MakeError(ErrorKind::kInvalid, "\"updates\" must be a list");
  MetadataBuilder table = base == nullptr ? MetadataBuilder() : MetadataBuilder(*base);
  for (const Json& one : updates) {
    const JsonReader reader = TRY(JsonReader::Of(one, "update"));
    const std::string action = TRY(reader.Text("action"));
    const auto known =
        std::ranges::find(kUpdates, action, &std::pair<std::string_view, Apply>::first);
    if (known == std::end(kUpdates))
      return reader.Bad("action", fmt::format("is {}, which is not known", DumpJson(action)));
    auto applied = known->second(reader, table);
    if (!applied.ok()) return std::move(applied).error().Within("update " + action);
  }
  return table.Build(context.now_ms, context.previous_file, context.metadata_log_max);
}

}  // namespace caudal::lake
