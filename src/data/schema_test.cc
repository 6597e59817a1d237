#include "data/schema.h"

#include <gtest/gtest.h>

namespace caudal {
namespace {

Field Make(int32_t id, std::string name, Type type, bool required = false) {
  Field field;
  field.id = id;
  field.name = std::move(name);
  field.type = std::move(type);
  field.required = required;
  return field;
}

const Type kLong{TypeKind::kLong};
const Type kString{TypeKind::kString};

std::vector<Field> Example() {
  const Type point = Type::Struct({Make(5, "x", kLong, true), Make(6, "y", kLong)});
  return {Make(1, "id", kLong, true), Make(2, "Name", kString),
          Make(3, "tags", Type::List(Make(7, "", kString))),
          Make(4, "places", Type::Map(Make(8, "", kString), Make(9, "", point)))};
}

TEST(Type, NamesReadBack) {
  for (int i = 0; i <= static_cast<int>(TypeKind::kGeography); ++i) {
    const auto kind = static_cast<TypeKind>(i);
    if (kind == TypeKind::kDecimal || kind == TypeKind::kFixed || kind == TypeKind::kStruct ||
        kind == TypeKind::kList || kind == TypeKind::kMap) {
      EXPECT_FALSE(ParsePrimitiveType(NameOf(kind)).ok());
      continue;
    }
    EXPECT_EQ(ParsePrimitiveType(NameOf(kind)).value(), Type(kind)) << NameOf(kind);
    EXPECT_EQ(Type(kind).Text(), NameOf(kind));
  }
  EXPECT_EQ(ParsePrimitiveType("decimal(9,2)").value(), Type::Decimal(9, 2));
  EXPECT_EQ(ParsePrimitiveType("decimal( 38 , 38 )").value().Text(), "decimal(38, 38)");
  EXPECT_EQ(ParsePrimitiveType("fixed[16]").value(), Type::Fixed(16));
  EXPECT_EQ(ParsePrimitiveType("geometry(srid:4326)").value().Text(), "geometry(srid:4326)");
  EXPECT_EQ(ParsePrimitiveType("geography").value(), Type(TypeKind::kGeography));
}

TEST(Type, RefusesNonsense) {
  for (const char* bad : {"",
                          "Int",
                          "decimal",
                          "decimal()",
                          "decimal(9)",
                          "decimal(39,0)",
                          "decimal(0,0)",
                          "decimal(5,6)",
                          "decimal(5,-1)",
                          "decimal(5,2,1)",
                          "fixed[]",
                          "fixed[0]",
                          "fixed[-3]",
                          "fixed[99999999999]",
                          "fixed[1]x",
                          "struct",
                          "list",
                          "map",
                          "varchar",
                          "geometry("})
    EXPECT_FALSE(ParsePrimitiveType(bad).ok()) << bad;
}

TEST(Type, KnowsWhatCanBeWritten) {
  EXPECT_TRUE(Type::Struct(Example()).writable());
  EXPECT_FALSE(Type::List(Make(1, "", Type(TypeKind::kVariant))).writable());
  EXPECT_EQ(Type::Struct(Example()).format_version_min(), 1);
  EXPECT_EQ(Type::List(Make(1, "", Type(TypeKind::kTimestampNs))).format_version_min(), 3);
  EXPECT_EQ(Type::Struct(Example()).Text(),
            "struct<id: required long, Name: string, tags: list<string>, "
            "places: map<string, struct<x: required long, y: long>>>");
}

TEST(Type, PromotionsAreThoseOfTheSpecification) {
  EXPECT_TRUE(CanPromote(Type(TypeKind::kInt), kLong, 2));
  EXPECT_FALSE(CanPromote(kLong, Type(TypeKind::kInt), 2));
  EXPECT_FALSE(CanPromote(kLong, kLong, 2));
  EXPECT_TRUE(CanPromote(Type(TypeKind::kFloat), Type(TypeKind::kDouble), 1));
  EXPECT_TRUE(CanPromote(Type::Decimal(9, 2), Type::Decimal(10, 2), 1));
  EXPECT_FALSE(CanPromote(Type::Decimal(9, 2), Type::Decimal(10, 3), 1));
  EXPECT_FALSE(CanPromote(Type(TypeKind::kDate), Type(TypeKind::kTimestamp), 2));
  EXPECT_TRUE(CanPromote(Type(TypeKind::kDate), Type(TypeKind::kTimestamp), 3));
  EXPECT_FALSE(CanPromote(Type(TypeKind::kDate), Type(TypeKind::kTimestampTz), 3));
  EXPECT_FALSE(CanPromote(Type(TypeKind::kInt), kString, 3));
}

TEST(Schema, FindsFields) {
  const Schema schema = Schema::Make(3, Example(), {1}).value();
  EXPECT_EQ(schema.highest_field_id(), 9);
  EXPECT_EQ(schema.Find(6)->name, "y");
  EXPECT_EQ(schema.FullNameOf(6), "places.value.y");
  EXPECT_EQ(schema.FindByName("places.value.y"), schema.Find(6));
  EXPECT_EQ(schema.FindByName("tags.element")->id, 7);
  EXPECT_EQ(schema.FindByName("places.key")->id, 8);
  EXPECT_TRUE(schema.FindByName("places.key")->required);
  EXPECT_EQ(schema.ParentOf(6), schema.Find(9));
  EXPECT_EQ(schema.ParentOf(1), nullptr);
  EXPECT_EQ(schema.FindByName("name"), nullptr);
  EXPECT_EQ(schema.FindIgnoringCase("nAME")->id, 2);
  EXPECT_EQ(schema.Find(99), nullptr);
  EXPECT_EQ(schema.AllFields().size(), 9u);
  const Schema copy = schema.WithId(4);
  EXPECT_TRUE(copy.SameAs(schema));
  EXPECT_FALSE(copy == schema);
  EXPECT_FALSE(Schema::Make(3, Example()).value().SameAs(schema));
  EXPECT_TRUE(Schema::Make(5, Example(), {1, 1}).value().SameAs(schema));
}

TEST(Schema, NamesThatDifferInCaseAreTwo) {
  const Schema schema = Schema::Make(0, {Make(1, "a", kLong), Make(2, "A", kLong)}).value();
  EXPECT_EQ(schema.FindByName("A")->id, 2);
  EXPECT_EQ(schema.FindIgnoringCase("a"), nullptr);
}

TEST(Schema, RefusesWhatCannotBe) {
  EXPECT_FALSE(Schema::Make(0, {Make(1, "a", kLong), Make(1, "b", kLong)}).ok());
  EXPECT_FALSE(Schema::Make(0, {Make(1, "a", kLong), Make(2, "a", kLong)}).ok());
  EXPECT_FALSE(Schema::Make(0, {Make(1, "", kLong)}).ok());
  EXPECT_FALSE(Schema::Make(0, {Make(-1, "a", kLong)}).ok());
  Field deep = Make(1, "a", kLong);
  for (int i = 2; i < 100; ++i) deep = Make(i, "a", Type::List(deep));
  EXPECT_FALSE(Schema::Make(0, {deep}).ok());
}

TEST(Schema, IdentifierFieldsAreNeverNull) {
  const Type inner = Type::Struct({Make(3, "x", kLong, true)});
  const std::vector<Field> fields = {
      Make(1, "optional", kLong), Make(2, "box", inner),
      Make(4, "sure", Type::Struct({Make(5, "x", kLong, true)}), true),
      Make(6, "ratio", Type(TypeKind::kDouble), true),
      Make(7, "tags", Type::List(Make(8, "", kLong, true)), true)};
  EXPECT_TRUE(Schema::Make(0, fields, {5}).ok());
  for (const int32_t bad : {1, 2, 3, 4, 6, 7, 8, 99})
    EXPECT_FALSE(Schema::Make(0, fields, {bad}).ok()) << bad;
}

}  // namespace
}  // namespace caudal
