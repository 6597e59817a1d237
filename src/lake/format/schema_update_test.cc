#include "lake/format/schema_update.h"

#include <gtest/gtest.h>

#include "lake/format/new_table.h"
#include "lake/format/schema_json.h"

namespace caudal::lake {
namespace {

Field Make(std::string name, Type type, bool required = false) {
  Field field;
  field.name = std::move(name);
  field.type = std::move(type);
  field.required = required;
  return field;
}

Schema Example() {
  return SchemaFromJson(Json::parse(R"({"type":"struct","schema-id":0,"identifier-field-ids":[11],
    "fields":[{"id":11,"name":"id","required":true,"type":"int"},
    {"id":12,"name":"point","required":false,"type":{"type":"struct","fields":[
      {"id":13,"name":"x","required":false,"type":"float"},
      {"id":14,"name":"y","required":true,"type":"float"}]}},
    {"id":15,"name":"tags","required":false,"type":{"type":"map","key-id":16,"key":"int",
      "value-id":17,"value-required":true,"value":{"type":"struct","fields":[
        {"id":18,"name":"w","required":false,"type":"date"}]}}}]})"))
      .value();
}

TEST(NewTable, IdsAreGivenLevelByLevel) {
  NewTable table;
  table.uuid = "9c12d441-03fe-4693-9a96-a0705ddf69c1";
  table.location = "gs://lake/t";
  table.schema = Example();
  table.spec.fields.push_back({{14}, 5, "y", Transform()});
  table.order.fields.push_back({{11}, Transform(), true, false});
  table.properties = {{"format-version", "3"}, {"a", "b"}};
  const TableMetadata metadata = MakeTableMetadata(table, 77).value();
  const Schema& schema = metadata.schema();
  EXPECT_EQ(schema.FindByName("id")->id, 1);
  EXPECT_EQ(schema.FindByName("point")->id, 2);
  EXPECT_EQ(schema.FindByName("tags")->id, 3);
  EXPECT_EQ(schema.FindByName("point.x")->id, 4);
  EXPECT_EQ(schema.FindByName("tags.key")->id, 6);
  EXPECT_EQ(schema.FindByName("tags.value.w")->id, 8);
  EXPECT_EQ(schema.identifier_field_ids(), std::vector<int32_t>{1});
  EXPECT_EQ(metadata.last_column_id, 8);
  EXPECT_EQ(metadata.spec().fields[0].source_id(), 5);
  EXPECT_EQ(metadata.spec().fields[0].field_id, 1000);
  EXPECT_EQ(metadata.default_sort_order_id, 1);
  EXPECT_EQ(metadata.format_version, 3);
  EXPECT_EQ(metadata.properties.size(), 1u);
  table.spec.fields[0].source_ids = {99};
  EXPECT_FALSE(MakeTableMetadata(table, 77).ok());
  table.spec.fields.clear();
  table.properties["format-version"] = "1";
  EXPECT_EQ(MakeTableMetadata(table, 77).error().kind, ErrorKind::kUnsupported);
}

TEST(SchemaUpdate, AddsWithIdsThatWereNeverGiven) {
  SchemaUpdate update(Example(), 40, 2);
  ASSERT_TRUE(update.Add("", Make("new", Type::List(Make("", Type(TypeKind::kLong))))).ok());
  ASSERT_TRUE(update.Add("point", Make("z", Type(TypeKind::kFloat))).ok());
  ASSERT_TRUE(update.Add("tags", Make("v", Type(TypeKind::kFloat))).ok());
  EXPECT_EQ(update.schema().FindByName("new")->id, 41);
  EXPECT_EQ(update.schema().FindByName("new.element")->id, 42);
  EXPECT_EQ(update.schema().FindByName("point.z")->id, 43);
  EXPECT_EQ(update.schema().FindByName("tags.value.v")->id, 44);
  EXPECT_EQ(update.schema().FindByName("point.x")->id, 13);
  EXPECT_EQ(update.last_column_id(), 44);
  EXPECT_FALSE(update.Add("id", Make("q", Type(TypeKind::kLong))).ok());
  EXPECT_FALSE(update.Add("", Make("id", Type(TypeKind::kLong))).ok());
  EXPECT_FALSE(update.Add("", Make("q", Type(TypeKind::kLong), true)).ok());
  EXPECT_FALSE(update.Add("", Make("q", Type(TypeKind::kTimestampNs))).ok());
}

TEST(SchemaUpdate, DropsRenamesAndMoves) {
  SchemaUpdate update(Example(), 18, 2);
  ASSERT_TRUE(update.Rename("point", "place").ok());
  ASSERT_TRUE(update.MoveAfter("id", "tags").ok());
  ASSERT_TRUE(update.MoveFirst("place.y").ok());
  ASSERT_TRUE(update.Drop("place.x").ok());
  ASSERT_TRUE(update.MakeOptional("place.y").ok());
  ASSERT_TRUE(update.SetDoc("place.y", "up").ok());
  EXPECT_EQ(update.schema().type().Text(),
            "struct<place: struct<y: float>, tags: map<int, struct<w: date>>, id: required int>");
  EXPECT_EQ(update.schema().FindByName("place.y")->doc, "up");
  EXPECT_EQ(update.schema().FindByName("place.y")->id, 14);
  EXPECT_FALSE(update.Drop("id").ok());
  EXPECT_FALSE(update.Drop("tags.key").ok());
  EXPECT_FALSE(update.Drop("gone").ok());
  EXPECT_FALSE(update.Rename("tags.value", "v").ok());
  EXPECT_FALSE(update.Rename("tags", "id").ok());
  EXPECT_FALSE(update.MoveAfter("id", "place.y").ok());
  EXPECT_FALSE(update.MakeOptional("id").ok());
  EXPECT_FALSE(update.MakeOptional("tags.key").ok());
  ASSERT_TRUE(update.SetIdentifier({}).ok());
  EXPECT_TRUE(update.Drop("id").ok());
}

TEST(SchemaUpdate, WidensByTheRules) {
  SchemaUpdate update(Example(), 18, 2);
  ASSERT_TRUE(update.Widen("id", Type(TypeKind::kLong)).ok());
  ASSERT_TRUE(update.Widen("point.x", Type(TypeKind::kDouble)).ok());
  EXPECT_EQ(update.schema().Find(11)->type, Type(TypeKind::kLong));
  EXPECT_EQ(update.schema().Find(13)->type, Type(TypeKind::kDouble));
  EXPECT_FALSE(update.Widen("id", Type(TypeKind::kInt)).ok());
  EXPECT_FALSE(update.Widen("tags.key", Type(TypeKind::kLong)).ok());
  EXPECT_FALSE(update.Widen("tags.value.w", Type(TypeKind::kTimestamp)).ok());
  SchemaUpdate newer(Example(), 18, 3);
  EXPECT_TRUE(newer.Widen("tags.value.w", Type(TypeKind::kTimestamp)).ok());
}

}  // namespace
}  // namespace caudal::lake
