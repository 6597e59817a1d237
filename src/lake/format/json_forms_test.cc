// Schemas, partition specs, sort orders, snapshots and references in JSON.
#include <gtest/gtest.h>

#include "lake/format/partition.h"
#include "lake/format/schema_json.h"
#include "lake/format/snapshot.h"
#include "lake/format/sort_order.h"

namespace caudal::lake {
namespace {

const char* const kSchema =
    R"json({"type":"struct","schema-id":3,"identifier-field-ids":[1],"fields":[
  {"id":1,"name":"id","required":true,"type":"uuid","doc":"key",
   "initial-default":"0db3e2a8-9d1d-42b9-aa7b-74ebe558dceb"},
  {"id":2,"name":"at","required":false,"type":"timestamptz",
   "write-default":"2017-11-16T22:31:08.000000+00:00"},
  {"id":3,"name":"tags","required":false,
   "type":{"type":"list","element-id":4,"element-required":true,"element":"string"}},
  {"id":5,"name":"props","required":false,"type":{"type":"map","key-id":6,"key":"string",
   "value-id":7,"value-required":false,"value":{"type":"struct","fields":[
     {"id":8,"name":"x","required":true,"type":"decimal(9, 2)",
                  "write-default" : "14.20"
},
     {"id":9,"name":"f","required":false,"type":"fixed[3]"}]
}
}
},
  {"id":10,"name":"any","required":false,"type":"variant"}]
})json";

Schema Example() { return SchemaFromJson(Json::parse(kSchema)).value(); }

TEST(SchemaJson, ReadsBack) {
  const Schema schema = Example();
  EXPECT_EQ(SchemaToJson(schema), Json::parse(kSchema));
  EXPECT_EQ(schema.id(), 3);
  EXPECT_EQ(schema.Find(9)->type, Type::Fixed(3));
  EXPECT_EQ(schema.FullNameOf(8), "props.value.x");
  EXPECT_EQ(SchemaFromJson(SchemaToJson(schema)).value(), schema);
}

TEST(SchemaJson, NamesWhatIsWrong) {
  const auto message = [](std::string_view from, std::string_view to) {
    std::string text = kSchema;
    const size_t at = text.find(from);
    EXPECT_NE(at, std::string::npos) << from;
    text.replace(at, from.size(), to);
    const auto schema = SchemaFromJson(Json::parse(text));
    EXPECT_FALSE(schema.ok()) << to;
    return schema.ok() ? std::string() : schema.error().message;
  };
  EXPECT_NE(message("\"uuid\"", "\"guid\"").find("guid"), std::string::npos);
  EXPECT_NE(message("\"14.20\"", "14.2").find("schema field \"x\": \"write-default\""),
            std::string::npos);
  EXPECT_NE(message("\"element-id\"", "\"element\"").find("element-id"), std::string::npos);
  message("\"id\":2", "\"id\":1");
  message("\"id\":2", "\"id\":\"2\"");
  message("\"required\":true", "\"required\":1");
  message("[1]", "[2]");
  message("\"name\":\"at\"", "\"name\":\"\"");
}

TEST(PartitionJson, ReadsBack) {
  const Json json = Json::parse(R"({"spec-id":2,"fields":[
    {"source-id":2,"field-id":1000,"name":"at_day","transform":"day"},
    {"source-id":1,"field-id":1005,"name":"id_bucket","transform":"bucket[16]"},
    {"source-ids":[1,2],"field-id":1006,"name":"z","transform":"zorder"}]})");
  const PartitionSpec spec = PartitionSpecFromJson(json).value();
  EXPECT_EQ(PartitionSpecToJson(spec), json);
  EXPECT_EQ(spec.highest_field_id(), 1006);
  EXPECT_FALSE(spec.known());
  EXPECT_FALSE(spec.unpartitioned());
  EXPECT_EQ(PartitionType(spec, Example()).Text(),
            "struct<at_day: date, id_bucket: int, z: string>");
  EXPECT_EQ(CheckPartitionSpec(spec, Example()).error().kind, ErrorKind::kUnsupported);
}

TEST(PartitionJson, MissingFieldIdsAreGiven) {
  const Json fields = Json::parse(R"([{"source-id":2,"name":"a","transform":"day"},
    {"source-id":2,"field-id":1007,"name":"b","transform":"hour"},
    {"source-id":1,"name":"c","transform":"identity"}])");
  const PartitionSpec spec = PartitionFieldsFromJson(4, fields, 1003).value();
  EXPECT_EQ(spec.id, 4);
  EXPECT_EQ(spec.fields[0].field_id, 1003);
  EXPECT_EQ(spec.fields[2].field_id, 1008);
}

TEST(PartitionSpec, IsChecked) {
  const auto check = [](int source, const char* name, const char* transform) {
    PartitionSpec spec;
    spec.fields.push_back({{source}, 1000, name, Transform::Parse(transform).value()});
    return CheckPartitionSpec(spec, Example()).ok();
  };
  EXPECT_TRUE(check(1, "id", "identity"));
  EXPECT_TRUE(check(2, "at_day", "day"));
  EXPECT_TRUE(check(99, "gone", "void"));
  EXPECT_FALSE(check(99, "gone", "day"));
  EXPECT_FALSE(check(1, "id", "bucket[4]"));  // the column's name
  EXPECT_FALSE(check(1, "at", "identity"));   // another column's
  EXPECT_FALSE(check(1, "x", "day"));         // of a uuid
  EXPECT_FALSE(check(8, "x", "identity"));    // inside a map
  EXPECT_FALSE(check(3, "x", "identity"));    // a list
  EXPECT_FALSE(check(1, "", "identity"));
  PartitionSpec twice;
  twice.fields.push_back({{1}, 1000, "a", Transform(TransformKind::kBucket, 4)});
  twice.fields.push_back({{1}, 1001, "b", Transform(TransformKind::kBucket, 4)});
  EXPECT_FALSE(CheckPartitionSpec(twice, Example()).ok());
  twice.fields[1].transform = Transform(TransformKind::kBucket, 5);
  EXPECT_TRUE(CheckPartitionSpec(twice, Example()).ok());
  twice.fields[1].field_id = 1000;
  EXPECT_FALSE(CheckPartitionSpec(twice, Example()).ok());
}

TEST(SortOrderJson, ReadsBack) {
  const Json json = Json::parse(R"({"order-id":1,"fields":[
    {"transform":"identity","source-id":2,"direction":"asc","null-order":"nulls-first"},
    {"transform":"bucket[4]","source-id":1,"direction":"desc","null-order":"nulls-last"}]})");
  const SortOrder order = SortOrderFromJson(json).value();
  EXPECT_EQ(SortOrderToJson(order), json);
  EXPECT_TRUE(order.fields[1].descending);
  EXPECT_FALSE(order.fields[1].nulls_first);
  EXPECT_TRUE(CheckSortOrder(order, Example()).ok());
  EXPECT_FALSE(CheckSortOrder(order, Schema()).ok());
  Json bad = json;
  bad["fields"][0]["direction"] = "up";
  EXPECT_FALSE(SortOrderFromJson(bad).ok());
}

TEST(SnapshotJson, KeepsAllBits) {
  const Json json = Json::parse(R"({"snapshot-id":9223372036854775807,
    "parent-snapshot-id":3051729675574597004,"sequence-number":7,"timestamp-ms":1515100955770,
    "manifest-list":"s3://b/1.avro","summary":{"operation":"append","x":"y"},"schema-id":0,
    "first-row-id":5,"added-rows":6})");
  const Snapshot snapshot = SnapshotFromJson(json).value();
  EXPECT_EQ(snapshot.id, 9223372036854775807);
  EXPECT_EQ(snapshot.operation(), "append");
  EXPECT_EQ(SnapshotToJson(snapshot, 3), json);
  EXPECT_FALSE(SnapshotToJson(snapshot, 1).contains("sequence-number"));
  Json bad = json;
  bad["snapshot-id"] = 1.5;
  EXPECT_FALSE(SnapshotFromJson(bad).ok());
  bad = json;
  bad.erase("manifest-list");
  EXPECT_FALSE(SnapshotFromJson(bad).ok());
  bad["manifests"] = {"a", "b"};
  EXPECT_EQ(SnapshotFromJson(bad)->manifests.size(), 2u);
}

TEST(SnapshotRefJson, ReadsBack) {
  for (const char* text :
       {R"({"snapshot-id":1,"type":"tag","max-ref-age-ms":10000000})",
        R"({"snapshot-id":1,"type":"branch","min-snapshots-to-keep":2,"max-snapshot-age-ms":3})"}) {
    const Json json = Json::parse(text);
    EXPECT_EQ(SnapshotRefToJson(SnapshotRefFromJson(json).value()), json);
  }
  for (const char* bad : {R"({"type":"tag"})", R"({"snapshot-id":1,"type":"x"})",
                          R"({"snapshot-id":1,"type":"tag","min-snapshots-to-keep":1})",
                          R"({"snapshot-id":1,"type":"branch","max-ref-age-ms":0})"})
    EXPECT_FALSE(SnapshotRefFromJson(Json::parse(bad)).ok()) << bad;
}

}  // namespace
}  // namespace caudal::lake
