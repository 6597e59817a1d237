#include "api/iceberg/bodies.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "api/iceberg/engine_access.h"
#include "data/json.h"

namespace caudal::api::iceberg {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Pair;

constexpr std::string_view kSchema =
    R"("schema":{"type":"struct","fields":[{"id":1,"name":"id","required":true,"type":"long"}]})";

http::Request With(std::string body, std::string agent = "test") {
  http::Request request;
  request.body = std::move(body);
  request.headers.Add("User-Agent", std::move(agent));
  return request;
}

http::Request FromDuckDb(std::string body) { return With(std::move(body), "duckdb/v1.5.5"); }

template <typename T>
std::string WhyNot(const Result<T>& result) {
  if (result.ok()) return "it was taken";
  EXPECT_TRUE(result.error().Is(ErrorKind::kInvalid)) << result.error().message;
  return result.error().message;
}

TEST(Bodies, OfNamespaces) {
  const auto made =
      ReadNamespaceToCreate(With(R"({"namespace":["a","b"],"properties":{"k":"v"}})"));
  ASSERT_TRUE(made.ok());
  EXPECT_THAT(made->levels, ElementsAre("a", "b"));
  EXPECT_THAT(made->properties, ElementsAre(Pair("k", "v")));
  const auto change =
      ReadPropertiesToChange(With(R"({"removals":["a"],"updates":{"b":"c"},"more":1})"));
  ASSERT_TRUE(change.ok());
  EXPECT_THAT(change->removals, ElementsAre("a"));
  EXPECT_THAT(change->updates, ElementsAre(Pair("b", "c")));
  EXPECT_THAT(ReadPropertiesToChange(With("{}"))->removals, IsEmpty());

  for (const char* body : {"[]", "null", "", "{", R"("a")"}) {
    EXPECT_THAT(WhyNot(ReadNamespaceToCreate(With(body))), HasSubstr("request body")) << body;
    EXPECT_THAT(WhyNot(CheckMetrics(With(body))), HasSubstr("request body")) << body;
  }
  EXPECT_THAT(WhyNot(ReadNamespaceToCreate(With(R"({"namespace":"a"})"))),
              HasSubstr("'namespace' must be a list of texts"));
  EXPECT_THAT(WhyNot(ReadNamespaceToCreate(With(R"({"namespace":[1]})"))),
              HasSubstr("'namespace' must be a list of texts"));
  EXPECT_THAT(WhyNot(ReadNamespaceToCreate(With(R"({"properties":[]})"))),
              HasSubstr("'properties' must be an object of texts"));
  EXPECT_THAT(WhyNot(ReadPropertiesToChange(With(R"({"updates":{"a":1}})"))),
              HasSubstr("'updates.a' must be a text"));
}

TEST(Bodies, OfNewTables) {
  const auto create = ReadTableToCreate(
      With(fmt::format(R"({{"name":"t",{},"location":"gs://b/p","stage-create":true,
                           "partition-spec":null,"properties":{{"k":"v"}}}})",
                       kSchema)));
  ASSERT_TRUE(create.ok()) << create.error().message;
  EXPECT_EQ(create->name, "t");
  EXPECT_EQ(create->table.location, "gs://b/p");
  EXPECT_TRUE(create->stage);
  EXPECT_NE(create->table.schema.FindByName("id"), nullptr);
  EXPECT_THAT(WhyNot(ReadTableToCreate(With(R"({"name":"t"})"))), HasSubstr("'schema'"));
  EXPECT_THAT(WhyNot(ReadTableToCreate(With(R"({"name":5})"))), HasSubstr("'name'"));
  EXPECT_THAT(WhyNot(ReadTableToCreate(With("{}"))), HasSubstr("table name"));

  const auto known = ReadTableToRegister(
      With(R"({"name":"t","metadata-location":"gs://b/m.json","overwrite":true})"));
  ASSERT_TRUE(known.ok());
  EXPECT_EQ(known->metadata_location, "gs://b/m.json");
  EXPECT_TRUE(known->overwrite);
  EXPECT_FALSE(ReadTableToRegister(With(R"({"overwrite":"true"})"))->overwrite);
  EXPECT_THAT(WhyNot(ReadTableToRegister(With(R"({"metadata-location":{}})"))),
              HasSubstr("'metadata-location'"));
}

TEST(Bodies, OfRenames) {
  const auto rename = ReadTableToRename(With(R"({"source":{"namespace":["a"],"name":"t"},
                                                "destination":{"namespace":["b"],"name":"u"}})"));
  ASSERT_TRUE(rename.ok());
  EXPECT_EQ(rename->from, (lake::TableName{{"a"}, "t"}));
  EXPECT_EQ(rename->to, (lake::TableName{{"b"}, "u"}));
  for (const char* source : {"5", "null", R"({"namespace":"a","name":"t"})",
                             R"({"namespace":[5],"name":"t"})", R"({"namespace":["a"]})"})
    EXPECT_THAT(WhyNot(ReadTableToRename(With(fmt::format(R"({{"source":{}}})", source)))),
                HasSubstr("'source' must be"))
        << source;
  EXPECT_THAT(WhyNot(ReadTableToRename(With(R"({"source":{"namespace":[],"name":"t"}})"))),
              HasSubstr("namespace is empty"));
}

TEST(Bodies, OfCommits) {
  const lake::TableName name{{"a"}, "t"};
  const auto commit = ReadCommit(name, With(R"({"requirements":[1],"updates":"any"})"));
  ASSERT_TRUE(commit.ok());
  EXPECT_EQ(commit->name, name);
  EXPECT_EQ(commit->requirements, Json::array({1}));
  EXPECT_EQ(commit->updates, "any");
  EXPECT_THAT(WhyNot(ReadCommit(name, With(R"({"updates":[]})"))), HasSubstr("'requirements'"));
  EXPECT_THAT(WhyNot(ReadCommit(name, With(R"({"identifier":{"namespace":["a"],"name":"u"},
                                              "requirements":[],"updates":[]})"))),
              HasSubstr("another table"));

  const auto all = ReadTransaction(With(R"({"table-changes":[
      {"identifier":{"namespace":["a"],"name":"t"},"requirements":[],"updates":[]},
      {"identifier":{"namespace":["a"],"name":"u"},"requirements":[],"updates":[]}]})"));
  ASSERT_TRUE(all.ok());
  ASSERT_EQ(all->size(), 2u);
  EXPECT_EQ((*all)[1].name.name, "u");
  EXPECT_THAT(WhyNot(ReadTransaction(With("{}"))), HasSubstr("'table-changes'"));
  EXPECT_THAT(WhyNot(ReadTransaction(With(R"({"table-changes":[5]})"))),
              HasSubstr("list of objects"));
  EXPECT_THAT(WhyNot(ReadTransaction(With(R"({"table-changes":[{}]})"))),
              HasSubstr("'identifier'"));
}

// What DuckDB was told is taken out of what it sends, and anything else stays what it is.
TEST(Bodies, OfDuckDb) {
  const auto create = ReadTableToCreate(
      FromDuckDb(fmt::format(R"({{"name":"t",{},"location":"s3://b/p","properties":{{"k":"v",
          "write.data.path":"gs://b/p","write.metadata.path":"gs://b/p/metadata"}}}})",
                             kSchema)));
  ASSERT_TRUE(create.ok()) << create.error().message;
  EXPECT_EQ(create->table.location, "gs://b/p");
  EXPECT_THAT(create->table.properties, ElementsAre(Pair("k", "v")));

  const auto set = [](const std::string& updates) {
    return ReadCommit({{"a"}, "t"},
                      FromDuckDb(fmt::format(R"({{"requirements":[],"updates":{}}})", updates)));
  };
  const auto location = set(R"([{"action":"set-location","location":"s3://b/p"}])");
  ASSERT_TRUE(location.ok());
  EXPECT_EQ(location->updates[0]["location"], "gs://b/p");
  for (const char* odd :
       {R"([{"location":5}])", R"([{"updates":{"write.data.path":5}}])", R"([{"updates":7}])",
        R"([{"updates":{"write.data.path":"gs://b","write.metadata.path":null}}])", "[null]",
        R"({"location":{}})"}) {
    const auto commit = set(odd);
    ASSERT_TRUE(commit.ok()) << odd;
    EXPECT_EQ(commit->updates, Json::parse(odd)) << odd;
  }
}

}  // namespace
}  // namespace caudal::api::iceberg
