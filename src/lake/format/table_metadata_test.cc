#include "lake/format/table_metadata.h"

#include <gtest/gtest.h>

namespace caudal::lake {
namespace {

Json Version2() {
  return Json::parse(R"({"format-version":2,"table-uuid":"9c12d441-03fe-4693-9a96-a0705ddf69c1",
    "location":"s3://bucket/test/location","last-sequence-number":34,"last-updated-ms":1602638573590,
    "last-column-id":3,"current-schema-id":1,"schemas":[
      {"type":"struct","schema-id":0,"fields":[{"id":1,"name":"x","required":true,"type":"long"}]},
      {"type":"struct","schema-id":1,"identifier-field-ids":[1,2],"fields":[
        {"id":1,"name":"x","required":true,"type":"long"},
        {"id":2,"name":"y","required":true,"type":"long","doc":"comment"},
        {"id":3,"name":"z","required":true,"type":"long"}]}],
    "default-spec-id":0,"partition-specs":[{"spec-id":0,"fields":[
      {"name":"x","transform":"identity","source-id":1,"field-id":1000}]}],
    "last-partition-id":1000,"default-sort-order-id":3,"sort-orders":[{"order-id":0,"fields":[]},
      {"order-id":3,"fields":[
      {"transform":"identity","source-id":2,"direction":"asc","null-order":"nulls-first"}]}],
    "properties":{"read.split.target.size":"134217728"},
    "current-snapshot-id":3055729675574597004,"snapshots":[
      {"snapshot-id":3051729675574597004,"timestamp-ms":1515100955770,"sequence-number":0,
       "summary":{"operation":"append"},"manifest-list":"s3://a/b/1.avro"},
      {"snapshot-id":3055729675574597004,"parent-snapshot-id":3051729675574597004,
       "timestamp-ms":1555100955770,"sequence-number":1,"summary":{"operation":"append"},
       "manifest-list":"s3://a/b/2.avro","schema-id":1}],
    "snapshot-log":[{"snapshot-id":3051729675574597004,"timestamp-ms":1515100955770},
      {"snapshot-id":3055729675574597004,"timestamp-ms":1555100955770}],
    "metadata-log":[{"metadata-file":"s3://bucket/v1.json","timestamp-ms":1515100}],
    "refs":{"main":{"snapshot-id":3055729675574597004,"type":"branch"},
      "test":{"snapshot-id":3051729675574597004,"type":"tag","max-ref-age-ms":10000000}},
    "statistics":[{"snapshot-id":3055729675574597004,"statistics-path":"s3://a/s.puffin"}],
    "partition-statistics":[]})");
}

TEST(TableMetadata, Version2ReadsBack) {
  const TableMetadata metadata = TableMetadataFromJson(Version2()).value();
  EXPECT_EQ(TableMetadataToJson(metadata), Version2());
  EXPECT_EQ(metadata.schema().identifier_field_ids(), (std::vector<int32_t>{1, 2}));
  EXPECT_EQ(metadata.spec().fields[0].name, "x");
  EXPECT_EQ(metadata.sort_order().id, 3);
  EXPECT_EQ(metadata.current_snapshot()->sequence_number, 1);
  EXPECT_TRUE(metadata.FindRef("test")->tag);
  EXPECT_EQ(ParseTableMetadata(DumpJson(TableMetadataToJson(metadata))).value(), metadata);
}

TEST(TableMetadata, Version3HasRowIds) {
  Json json = Version2();
  json["format-version"] = 3;
  EXPECT_FALSE(TableMetadataFromJson(json).ok());
  json["next-row-id"] = 77;
  json["encryption-keys"] = Json::array({{{"key-id", "k"}, {"encrypted-key-metadata", "eA=="}}});
  const TableMetadata metadata = TableMetadataFromJson(json).value();
  EXPECT_EQ(metadata.next_row_id, 77);
  EXPECT_EQ(TableMetadataToJson(metadata), json);
}

TEST(TableMetadata, Version1IsFilledIn) {
  const TableMetadata metadata = ParseTableMetadata(R"({"format-version":1,
    "location":"s3://bucket/test/location/","last-updated-ms":1602638573874,"last-column-id":3,
    "schema":{"type":"struct","fields":[{"id":1,"name":"x","required":true,"type":"long"},
      {"id":2,"name":"y","required":true,"type":"long"},
      {"id":3,"name":"z","required":true,"type":"long"}]},
    "partition-spec":[{"name":"x","transform":"identity","source-id":1},
      {"name":"y_b","transform":"bucket[4]","source-id":2}],
    "properties":{},"current-snapshot-id":-1,"snapshots":[{"snapshot-id":1,"timestamp-ms":5,
      "manifests":["s3://a/m1.avro"]}]})")
                                     .value();
  EXPECT_EQ(metadata.location, "s3://bucket/test/location");
  EXPECT_EQ(metadata.last_partition_id, 1001);
  EXPECT_EQ(metadata.spec().fields[1].field_id, 1001);
  EXPECT_EQ(metadata.sort_order().fields.size(), 0u);
  EXPECT_EQ(metadata.current_snapshot(), nullptr);
  EXPECT_EQ(metadata.snapshots[0].manifests[0], "s3://a/m1.avro");
  EXPECT_EQ(TableMetadataFromJson(TableMetadataToJson(metadata)).value(), metadata);
}

TEST(TableMetadata, OldTablesHaveTheMainBranchToo) {
  Json json = Version2();
  json.erase("refs");
  const TableMetadata metadata = TableMetadataFromJson(json).value();
  EXPECT_EQ(metadata.FindRef("main")->snapshot_id, 3055729675574597004);
}

TEST(TableMetadata, NamesWhatIsWrong) {
  const auto message = [](const char* pointer, const Json& value) {
    Json json = Version2();
    const Json::json_pointer place(pointer);
    json[place] = value;
    const auto metadata = TableMetadataFromJson(json);
    EXPECT_FALSE(metadata.ok()) << pointer;
    return metadata.ok() ? std::string() : metadata.error().message;
  };
  for (const char* key :
       {"format-version", "table-uuid", "location", "last-sequence-number", "last-updated-ms",
        "last-column-id", "schemas", "current-schema-id", "partition-specs", "default-spec-id",
        "last-partition-id", "sort-orders", "default-sort-order-id"}) {
    const std::string error = message((std::string("/") + key).c_str(), nullptr);
    EXPECT_NE(error.find(key), std::string::npos) << error;
  }
  for (const auto& [pointer, value] :
       std::vector<std::pair<const char*, Json>>{{"/current-schema-id", 9},
                                                 {"/default-spec-id", 9},
                                                 {"/default-sort-order-id", 9},
                                                 {"/current-snapshot-id", 9},
                                                 {"/current-snapshot-id", 3051729675574597004},
                                                 {"/last-column-id", 2},
                                                 {"/last-partition-id", 999},
                                                 {"/last-sequence-number", 0},
                                                 {"/last-sequence-number", -1},
                                                 {"/schemas/0/schema-id", 1},
                                                 {"/schemas/1/fields/0/type", "timestamp_ns"},
                                                 {"/snapshots/0/snapshot-id", 3055729675574597004},
                                                 {"/refs/test/snapshot-id", 5},
                                                 {"/refs/main/type", "tag"},
                                                 {"/refs", Json::array()},
                                                 {"/properties", {{"a", 1}}},
                                                 {"/statistics", {1}},
                                                 {"/location", ""}})
    message(pointer, value);
  Json newer = Version2();
  newer["format-version"] = 4;
  EXPECT_EQ(TableMetadataFromJson(newer).error().kind, ErrorKind::kUnsupported);
}

}  // namespace
}  // namespace caudal::lake
