#include "codec/postgres/value_form.h"

#include "codec/postgres/copy_text.h"
#include "codec/postgres/test_values.h"

namespace caudal::postgres {
namespace {

std::string TypeOf(const PgType& type, const FormOptions& options = {}) {
  return ValueForm::Of(type, options).type().Text();
}

TEST(PgValueForm, NumericsAreDecimalsWhereOneFits) {
  EXPECT_EQ(TypeOf(Numeric(3, 2)), "decimal(3, 2)");
  EXPECT_EQ(TypeOf(Numeric(4, 0)), "decimal(4, 0)");
  EXPECT_EQ(TypeOf(Numeric(38, 38)), "decimal(38, 38)");
  EXPECT_EQ(TypeOf(Numeric(39, 0)), "string");
  EXPECT_EQ(TypeOf(Numeric(1000, 1000)), "string");
  EXPECT_EQ(TypeOf(Numeric(3, -2)), "decimal(5, 0)");
  EXPECT_EQ(TypeOf(Numeric(30, -9)), "string");
  EXPECT_EQ(TypeOf(Numeric(3, 5)), "decimal(5, 5)");
  EXPECT_EQ(TypeOf(Numeric(3, 39)), "string");
  const PgType free = BaseType(oid::kNumeric);
  EXPECT_EQ(TypeOf(free), "decimal(38, 9)");
  EXPECT_EQ(TypeOf(free, {.numeric = DecimalShape{20, 4}}), "decimal(20, 4)");
  EXPECT_EQ(TypeOf(free, {.numeric = std::nullopt}), "string");
  EXPECT_EQ(TypeOf(Numeric(3, 2), {.numeric = std::nullopt}), "decimal(3, 2)");
}

TEST(PgValueForm, NestedTypesHaveTheFormsOfTheirParts) {
  EXPECT_EQ(TypeOf(DomainOver(DomainOver(Numeric(8, 3)))), "decimal(8, 3)");
  EXPECT_EQ(TypeOf(DomainOver(BaseType(oid::kJsonb))), "string");
  EXPECT_EQ(TypeOf(ArrayOf(DomainOver(BaseType(oid::kInt2)))), "list<int>");
  // The modifier of a column of an array type is its elements'.
  PgType amounts = ArrayOf(BaseType(oid::kNumeric));
  amounts.typmod = NumericTypmod(10, 2);
  EXPECT_EQ(TypeOf(amounts), "list<decimal(10, 2)>");
  EXPECT_EQ(TypeOf(DomainOver(amounts)), "list<decimal(10, 2)>");
  const PgType point = CompositeOf({{"x", BaseType(oid::kInt4)}, {"a b", amounts}});
  EXPECT_EQ(TypeOf(ArrayOf(point)), "list<struct<x: int, a b: list<decimal(10, 2)>>>");
  EXPECT_EQ(TypeOf(CompositeOf({})), "string");
  EXPECT_EQ(TypeOf(Other(PgType::Kind::kArray)), "string");  // its element isn't known
  EXPECT_EQ(TypeOf(Other(PgType::Kind::kComposite)), "string");
  EXPECT_EQ(TypeOf(Other(PgType::Kind::kDomain)), "string");
}

TEST(PgValueForm, WhatNestsTooDeepIsText) {
  PgType type = BaseType(oid::kInt4);
  for (int i = 0; i < ValueForm::kDepthMax; ++i) type = ArrayOf(CompositeOf({{"f", type}}));
  const std::string text = TypeOf(type);
  EXPECT_NE(text.find("f: string"), std::string::npos) << text;
}

TEST(PgValueForm, OthersAreText) {
  for (const PgType& type :
       {Other(PgType::Kind::kEnum), Other(PgType::Kind::kRange), Other(PgType::Kind::kMultirange),
        Other(PgType::Kind::kPseudo), Other(PgType::Kind::kBase, "geometry", "postgis"),
        Other(PgType::Kind::kBase, "vector", "vector"), Other(PgType::Kind::kBase, "hstore"),
        Other(PgType::Kind::kBase, "ghstore", "hstore"),
        Other(PgType::Kind::kBase, "public.citext", "citext")})
    EXPECT_EQ(TypeOf(type), "string") << type.name;
  EXPECT_EQ(TypeOf(Other(PgType::Kind::kBase, "hstore", "hstore")), "map<string, string>");
  EXPECT_EQ(TypeOf(Other(PgType::Kind::kBase, "ext.hstore", "hstore")), "map<string, string>");
  EXPECT_TRUE(ValueForm::Of(Other(PgType::Kind::kEnum)).binary());
  EXPECT_TRUE(ValueForm::Of(Other(PgType::Kind::kBase, "citext", "citext")).binary());
  EXPECT_FALSE(ValueForm::Of(Other(PgType::Kind::kRange)).binary());
  EXPECT_FALSE(ValueForm::Of(ArrayOf(BaseType(oid::kInt4))).binary());
  EXPECT_FALSE(ValueForm::Of(BaseType(oid::kNumeric), {.numeric = std::nullopt}).binary());
}

// As docs/formats/types.md has it.
TEST(PgValueForm, EveryBuiltInTypeHasOne) {
  const std::map<uint32_t, std::string> expected = {
      {16, "boolean"},
      {17, "binary"},
      {20, "long"},
      {21, "int"},
      {23, "int"},
      {26, "long"},
      {28, "long"},
      {29, "long"},
      {700, "float"},
      {701, "double"},
      {1082, "date"},
      {1083, "time"},
      {1114, "timestamp"},
      {1184, "timestamptz"},
      {1186, "struct<months: int, days: int, micros: long>"},
      {1700, "decimal(38, 9)"},
      {2950, "uuid"},
      {5069, "long"}};
  const auto expect = [&](uint32_t oid) {
    const auto found = expected.find(oid);
    return found == expected.end() ? "string" : found->second;
  };
  const std::string file = ReadTestFile("builtin_types.txt");
  std::string_view rest = file;
  CopyTextReader reader(5);
  int types = 0;
  while (!rest.empty()) {
    const auto row = reader.Next(rest).value();
    PgType type = BaseType(static_cast<uint32_t>(std::stoul(std::string(row[0].bytes))));
    type.name = row[1].bytes;
    const auto element = static_cast<uint32_t>(std::stoul(std::string(row[3].bytes)));
    if (row[2].bytes == "r") type.kind = PgType::Kind::kRange;
    if (row[2].bytes == "m") type.kind = PgType::Kind::kMultirange;
    if (element == 0) {
      EXPECT_EQ(TypeOf(type), expect(type.oid)) << type.name;
    } else {
      const ValueForm form = ValueForm::Of(ArrayOf(BaseType(element), row[4].bytes[0]));
      EXPECT_EQ(form.type().Text(), "list<" + expect(element) + ">") << type.name;
      EXPECT_EQ(form.delimiter(), element == 603 ? ';' : ',') << type.name;
    }
    ++types;
  }
  EXPECT_EQ(types, 158);
}

}  // namespace
}  // namespace caudal::postgres
