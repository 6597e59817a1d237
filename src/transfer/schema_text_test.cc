#include "transfer/schema_text.h"

#include <gmock/gmock.h>

#include <set>

namespace caudal::transfer {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::string TextOf(const Schema& schema) {
  std::string text;
  for (const Field& field : schema.fields())
    text += std::to_string(field.id) + " " + field.name + " " + field.type.Text() +
            (field.required ? "!" : "") + "; ";
  return text;
}

void ExpectRefused(std::string_view text, const char* why,
                   const std::vector<std::string>& key = {}) {
  const Result<Schema> schema = ParseSchema(text, key);
  ASSERT_FALSE(schema.ok()) << text;
  EXPECT_THAT(schema.error().message, HasSubstr(why)) << text;
  EXPECT_EQ(schema.error().code, "load.schema") << text;
}

TEST(SchemaText, NamesTypesAndWhatIsRequired) {
  const Schema schema =
      ParseSchema(" id:long!, `a b:c` : decimal(9, 2),\n x:fixed[4] ", {}).value();
  EXPECT_EQ(TextOf(schema), "1 id long!; 2 a b:c decimal(9, 2); 3 x fixed[4]; ");
}

TEST(SchemaText, Nests) {
  const Schema schema =
      ParseSchema("a:list<struct<x:int!,y:map<string,list<date>>>>,z:string", {"z"}).value();
  EXPECT_EQ(schema.fields()[0].type.Text(),
            "list<struct<x: required int, y: map<string, list<date>>>>");
  EXPECT_TRUE(schema.fields()[1].required);
  EXPECT_THAT(schema.identifier_field_ids(), ElementsAre(2));
  std::set<int32_t> ids;
  for (const Field* field : schema.AllFields()) ids.insert(field->id);
  EXPECT_EQ(ids.size(), schema.AllFields().size());
}

TEST(SchemaText, TakesIcebergsJson) {
  const Schema schema =
      ParseSchema(
          R"({"type": "struct", "fields": [{"id": 7, "name": "k", "type": "long", "required": false}]})",
          {"k"})
          .value();
  EXPECT_TRUE(schema.fields()[0].required);
  EXPECT_EQ(schema.identifier_field_ids().size(), 1u);
}

TEST(SchemaText, SaysWhatIsWrong) {
  ExpectRefused("", "a name is missing");
  ExpectRefused("id", "column 'id': a type should follow");
  ExpectRefused("id:lon", "'lon' is no type");
  ExpectRefused("id:decimal(40,2)", "column 'id'");
  ExpectRefused("id:list<int", "a '>' is missing");
  ExpectRefused("id:int extra", "has 'extra'");
  ExpectRefused("id:int,id:long", "id");
  ExpectRefused("`id:int", "second backtick");
  ExpectRefused("id:int", "key column 'k'", {"k"});
  ExpectRefused("x:double", "x", {"x"});
  ExpectRefused("{\"type\": 5}", "");
  std::string deep = "a:";
  for (int i = 0; i < 100; ++i) deep += "list<";
  ExpectRefused(deep, "too deep");
}

}  // namespace
}  // namespace caudal::transfer
