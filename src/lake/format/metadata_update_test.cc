#include "lake/format/metadata_update.h"

#include <gtest/gtest.h>

#include "lake/format/metadata_builder.h"

namespace caudal::lake {
namespace {

const char* const kUuid = "9c12d441-03fe-4693-9a96-a0705ddf69c1";

Json SchemaJson(int columns) {
  Json fields = Json::array();
  for (int i = 1; i <= columns; ++i)
    fields.push_back(
        {{"id", i}, {"name", "c" + std::to_string(i)}, {"required", false}, {"type", "long"}});
  return {{"type", "struct"}, {"schema-id", 7}, {"fields", fields}};
}

Json CreateUpdates() {
  return {
      {{"action", "assign-uuid"}, {"uuid", kUuid}},
      {{"action", "upgrade-format-version"}, {"format-version", 2}},
      {{"action", "add-schema"}, {"schema", SchemaJson(2)}, {"last-column-id", 2}},
      {{"action", "set-current-schema"}, {"schema-id", -1}},
      {{"action", "add-spec"},
       {"spec",
        {{"spec-id", 0},
         {"fields", {{{"name", "c1_b"}, {"transform", "bucket[4]"}, {"source-id", 1}}}}}}},
      {{"action", "set-default-spec"}, {"spec-id", -1}},
      {{"action", "add-sort-order"}, {"sort-order", {{"order-id", 0}, {"fields", Json::array()}}}},
      {{"action", "set-default-sort-order"}, {"sort-order-id", -1}},
      {{"action", "set-location"}, {"location", "gs://lake/t/"}},
      {{"action", "set-properties"}, {"updates", {{"a", "1"}, {"b", "2"}}}}};
}

TableMetadata Created() { return ApplyUpdates(nullptr, CreateUpdates(), {1000, "", 100}).value(); }

Json AddSnapshot(int64_t id, int64_t sequence_number, int64_t at = 2000) {
  return {{"action", "add-snapshot"},
          {"snapshot",
           {{"snapshot-id", id},
            {"sequence-number", sequence_number},
            {"timestamp-ms", at},
            {"manifest-list", "gs://lake/t/l.avro"},
            {"summary", {{"operation", "append"}}},
            {"schema-id", 0}}}};
}

Json SetMain(int64_t id) {
  return {{"action", "set-snapshot-ref"},
          {"ref-name", "main"},
          {"type", "branch"},
          {"snapshot-id", id}};
}

// The JSON library takes a list of one object for the object.
Result<TableMetadata> Apply(const TableMetadata& base, Json updates, int64_t now = 3000) {
  if (updates.is_object()) updates = Json::array({updates});
  return ApplyUpdates(&base, updates, {now, "gs://lake/t/v1.json", 3});
}

TEST(MetadataUpdate, MakesATable) {
  const TableMetadata table = Created();
  EXPECT_EQ(table.uuid, kUuid);
  EXPECT_EQ(table.location, "gs://lake/t");
  EXPECT_EQ(table.current_schema_id, 0);
  EXPECT_EQ(table.last_column_id, 2);
  EXPECT_EQ(table.spec().fields[0].field_id, 1000);
  EXPECT_EQ(table.last_partition_id, 1000);
  EXPECT_EQ(table.last_updated_ms, 1000);
  EXPECT_EQ(table.properties.at("b"), "2");
  EXPECT_TRUE(table.metadata_log.empty());
  EXPECT_EQ(TableMetadataFromJson(TableMetadataToJson(table)).value(), table);
  EXPECT_EQ(Json::parse(TableMetadataText(table)), TableMetadataToJson(table));
  Json lacking = CreateUpdates();
  lacking.erase(0);
  EXPECT_FALSE(ApplyUpdates(nullptr, lacking, {1000, "", 100}).ok());
  EXPECT_FALSE(ApplyUpdates(nullptr, Json::array(), {1000, "", 100}).ok());
}

TEST(MetadataUpdate, CommitsASnapshot) {
  const TableMetadata base = Created();
  const TableMetadata table = Apply(base, {AddSnapshot(5, 1), SetMain(5)}).value();
  EXPECT_EQ(base.snapshots.size(), 0u);  // the base stays
  EXPECT_EQ(table.current_snapshot_id, 5);
  EXPECT_EQ(table.last_sequence_number, 1);
  EXPECT_EQ(table.last_updated_ms, 2000);
  EXPECT_EQ(table.snapshot_log, (std::vector<SnapshotLogEntry>{{2000, 5}}));
  EXPECT_EQ(table.metadata_log, (std::vector<MetadataLogEntry>{{1000, "gs://lake/t/v1.json"}}));
  EXPECT_EQ(Apply(table, {AddSnapshot(5, 2)}).error().kind, ErrorKind::kInvalid);
  EXPECT_EQ(Apply(table, {AddSnapshot(6, 1)}).error().kind, ErrorKind::kConflict);
  EXPECT_EQ(Apply(table, {SetMain(99)}).error().kind, ErrorKind::kInvalid);
}

TEST(MetadataUpdate, OnlyTheLastOfSeveralSnapshotsIsLogged) {
  const TableMetadata table =
      Apply(Created(), {AddSnapshot(5, 1), SetMain(5), AddSnapshot(6, 2, 2500), SetMain(6)})
          .value();
  EXPECT_EQ(table.snapshot_log, (std::vector<SnapshotLogEntry>{{2500, 6}}));
  const TableMetadata back = Apply(table, {SetMain(5)}, 4000).value();
  EXPECT_EQ(back.snapshot_log, (std::vector<SnapshotLogEntry>{{2500, 6}, {4000, 5}}));
  EXPECT_EQ(back.last_updated_ms, 4000);
}

TEST(MetadataUpdate, RemovedSnapshotsTakeTheirReferencesAlong) {
  TableMetadata table = Apply(Created(), {AddSnapshot(5, 1), SetMain(5)}).value();
  table = Apply(table, {AddSnapshot(6, 2, 2500), SetMain(6)}).value();
  table = Apply(table, {{{"action", "set-snapshot-ref"},
                         {"ref-name", "old"},
                         {"type", "tag"},
                         {"snapshot-id", 5}},
                        {{"action", "set-statistics"},
                         {"statistics", {{"snapshot-id", 5}, {"statistics-path", "gs://s"}}}}})
              .value();
  EXPECT_EQ(table.statistics.size(), 1u);
  const TableMetadata expired =
      Apply(table, {{{"action", "remove-snapshots"}, {"snapshot-ids", {5, 77}}}}).value();
  EXPECT_EQ(expired.snapshots.size(), 1u);
  EXPECT_EQ(expired.FindRef("old"), nullptr);
  EXPECT_TRUE(expired.statistics.empty());
  EXPECT_EQ(expired.snapshot_log, (std::vector<SnapshotLogEntry>{{2500, 6}}));
  EXPECT_EQ(expired.metadata_log.size(), 3u);  // cut
  const TableMetadata none =
      Apply(table, {{{"action", "remove-snapshot-ref"}, {"ref-name", "main"}}}).value();
  EXPECT_FALSE(none.current_snapshot_id);
}

TEST(MetadataUpdate, SchemasSpecsAndOrdersAreReused) {
  const TableMetadata base = Created();
  const TableMetadata wider = Apply(base, {{{"action", "add-schema"}, {"schema", SchemaJson(3)}},
                                           {{"action", "set-current-schema"}, {"schema-id", -1}}})
                                  .value();
  EXPECT_EQ(wider.current_schema_id, 1);
  EXPECT_EQ(wider.last_column_id, 3);
  const TableMetadata back = Apply(wider, {{{"action", "add-schema"}, {"schema", SchemaJson(2)}},
                                           {{"action", "set-current-schema"}, {"schema-id", -1}}})
                                 .value();
  EXPECT_EQ(back.current_schema_id, 0);
  EXPECT_EQ(back.schemas.size(), 2u);
  EXPECT_EQ(back.last_column_id, 3);  // never given again
  const auto spec = [](const Json& fields) {
    return Json{{{"action", "add-spec"}, {"spec", {{"fields", fields}}}},
                {{"action", "set-default-spec"}, {"spec-id", -1}}};
  };
  const Json bucket = {{"name", "c1_b"}, {"transform", "bucket[4]"}, {"source-id", 1}};
  const Json plain = {{"name", "c2"}, {"transform", "identity"}, {"source-id", 2}};
  const TableMetadata split = Apply(base, spec(Json::array({plain, bucket}))).value();
  EXPECT_EQ(split.default_spec_id, 1);
  EXPECT_EQ(split.spec().fields[1].field_id, 1000);  // the field's of spec 0
  EXPECT_EQ(split.spec().fields[0].field_id, 1001);
  EXPECT_EQ(split.last_partition_id, 1001);
  EXPECT_EQ(Apply(split, spec(Json::array({bucket})))->default_spec_id, 0);
  EXPECT_EQ(Apply(base, {{{"action", "remove-partition-specs"}, {"spec-ids", {0}}}}).error().kind,
            ErrorKind::kInvalid);
  Json stolen = plain;
  stolen["field-id"] = 1000;
  EXPECT_FALSE(Apply(base, spec(Json::array({stolen}))).ok());
}

TEST(MetadataUpdate, AColumnOfTheDefaultSpecStays) {
  Json schema = SchemaJson(2);
  schema["fields"].erase(0);
  EXPECT_FALSE(Apply(Created(), {{{"action", "add-schema"}, {"schema", schema}},
                                 {{"action", "set-current-schema"}, {"schema-id", -1}}})
                   .ok());
}

TEST(MetadataUpdate, NewTypesNeedVersion3) {
  Json schema = SchemaJson(2);
  schema["fields"][1]["type"] = "timestamp_ns";
  const Json add = {{"action", "add-schema"}, {"schema", schema}};
  EXPECT_FALSE(Apply(Created(), Json::array({add})).ok());
  const Json upgrade = {{"action", "upgrade-format-version"}, {"format-version", 3}};
  const TableMetadata table = Apply(Created(), {upgrade, add}).value();
  EXPECT_EQ(table.format_version, 3);
  EXPECT_FALSE(Apply(table, {{{"action", "upgrade-format-version"}, {"format-version", 2}}}).ok());
  Json snapshot = AddSnapshot(5, 1);
  EXPECT_FALSE(Apply(table, Json::array({snapshot})).ok());
  snapshot["snapshot"]["first-row-id"] = 0;
  snapshot["snapshot"]["added-rows"] = 10;
  const TableMetadata filled = Apply(table, Json::array({snapshot})).value();
  EXPECT_EQ(filled.next_row_id, 10);
  snapshot["snapshot"]["snapshot-id"] = 6;
  snapshot["snapshot"]["sequence-number"] = 2;
  EXPECT_EQ(Apply(filled, Json::array({snapshot})).error().kind, ErrorKind::kConflict);
}

TEST(MetadataUpdate, PropertiesAndOthers) {
  const TableMetadata table =
      Apply(Created(), {{{"action", "set-properties"}, {"updates", {{"a", "9"}}}},
                        {{"action", "remove-properties"}, {"removals", {"b", "zz"}}}})
          .value();
  EXPECT_EQ(table.properties, (std::map<std::string, std::string>{{"a", "9"}}));
  const auto kind = [](const Json& update) {
    return Apply(Created(), Json::array({update})).error().kind;
  };
  EXPECT_EQ(kind({{"action", "fly"}}), ErrorKind::kInvalid);
  EXPECT_EQ(kind({{"action", 1}}), ErrorKind::kInvalid);
  EXPECT_EQ(kind(1), ErrorKind::kInvalid);
  EXPECT_EQ(kind({{"action", "assign-uuid"}, {"uuid", "x"}}), ErrorKind::kInvalid);
  EXPECT_EQ(kind({{"action", "set-current-schema"}, {"schema-id", -1}}), ErrorKind::kInvalid);
  EXPECT_EQ(kind({{"action", "upgrade-format-version"}, {"format-version", 4}}),
            ErrorKind::kUnsupported);
  EXPECT_FALSE(ApplyUpdates(nullptr, Json::object(), {}).ok());
}

TEST(Requirements, HoldOrAreConflicts) {
  const TableMetadata table = Apply(Created(), {AddSnapshot(5, 1), SetMain(5)}).value();
  const auto check = [](const Json& requirement, const TableMetadata* base) {
    return CheckRequirements(Json::array({requirement}), base);
  };
  EXPECT_TRUE(check({{"type", "assert-create"}}, nullptr).ok());
  EXPECT_EQ(check({{"type", "assert-create"}}, &table).error().kind, ErrorKind::kConflict);
  for (const auto& [type, key, value] : std::vector<std::tuple<const char*, const char*, Json>>{
           {"assert-table-uuid", "uuid", kUuid},
           {"assert-last-assigned-field-id", "last-assigned-field-id", 2},
           {"assert-current-schema-id", "current-schema-id", 0},
           {"assert-last-assigned-partition-id", "last-assigned-partition-id", 1000},
           {"assert-default-spec-id", "default-spec-id", 0},
           {"assert-default-sort-order-id", "default-sort-order-id", 0}}) {
    Json requirement = {{"type", type}, {key, value}};
    EXPECT_TRUE(check(requirement, &table).ok()) << type;
    EXPECT_EQ(check(requirement, nullptr).error().kind, ErrorKind::kConflict) << type;
    requirement[key] = value.is_string() ? Json("9c12d441-03fe-4693-9a96-a0705ddf69c2") : Json(77);
    EXPECT_EQ(check(requirement, &table).error().kind, ErrorKind::kConflict) << type;
    requirement.erase(key);
    EXPECT_EQ(check(requirement, &table).error().kind, ErrorKind::kInvalid) << type;
  }
  const auto ref = [](const char* name, const Json& id) {
    return Json{{"type", "assert-ref-snapshot-id"}, {"ref", name}, {"snapshot-id", id}};
  };
  EXPECT_TRUE(check(ref("main", 5), &table).ok());
  EXPECT_TRUE(check(ref("other", nullptr), &table).ok());
  EXPECT_TRUE(check(ref("main", nullptr), nullptr).ok());
  EXPECT_EQ(check(ref("main", 6), &table).error().kind, ErrorKind::kConflict);
  EXPECT_EQ(check(ref("main", nullptr), &table).error().kind, ErrorKind::kConflict);
  EXPECT_EQ(check(ref("other", 5), &table).error().kind, ErrorKind::kConflict);
  EXPECT_EQ(check({{"type", "assert-sunshine"}}, &table).error().kind, ErrorKind::kInvalid);
  EXPECT_EQ(CheckRequirements(1, &table).error().kind, ErrorKind::kInvalid);
}

}  // namespace
}  // namespace caudal::lake
