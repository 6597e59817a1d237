#include "functions/sql/uri.h"

#include <gmock/gmock.h>

namespace caudal::functions {
namespace {

using testing::HasSubstr;

std::string Wrong(const std::string& uri) {
  const Result<ObjectUri> parsed = ParseUri(uri);
  return parsed.ok() ? "" : parsed.error().message;
}

std::string Expanded(const std::string& uri, const std::string& object) {
  const Result<ObjectUri> expanded = Expand(ParseUri(uri).value(), object);
  return expanded.ok() ? expanded->Text() : expanded.error().message;
}

TEST(Uri, NamesABucketAndAnObject) {
  const ObjectUri uri = ParseUri("gs://a-bucket/folder/*.csv").value();
  EXPECT_EQ(uri.bucket, "a-bucket");
  EXPECT_EQ(uri.name, "folder/*.csv");
  EXPECT_THAT(Wrong("/tmp/x.csv"), HasSubstr("isn't a URI like gs://"));
  EXPECT_THAT(Wrong("s3://a-bucket/x"), HasSubstr("isn't a URI like gs://"));
  EXPECT_THAT(Wrong("gs://a-bucket"), HasSubstr("names no object"));
  EXPECT_THAT(Wrong("gs://a-bucket/"), HasSubstr("names no object"));
  EXPECT_THAT(Wrong("gs://A/x"), HasSubstr("names no bucket"));
  EXPECT_THAT(Wrong("gs://{name}/x"), HasSubstr("names no bucket"));
}

TEST(Uri, IsFilledByTheEvent) {
  const std::string object = "raw/2026/july.tar.csv.gz";
  EXPECT_EQ(Expanded("gs://out-1/{name}.parquet", object),
            "gs://out-1/raw/2026/july.tar.csv.gz.parquet");
  EXPECT_EQ(Expanded("gs://out-1/{folder}/clean/{stem}.csv", object),
            "gs://out-1/raw/2026/clean/july.tar.csv");
  EXPECT_EQ(Expanded("gs://out-1/{stem}{folder}.csv", "x.csv"), "gs://out-1/x.csv");
  EXPECT_EQ(Expanded("gs://out-1/{stem}.csv", "a/.hidden"), "gs://out-1/.hidden.csv");
  EXPECT_EQ(Expanded("gs://out-1/{stem}.csv", "a/'); COPY.csv"), "gs://out-1/'); COPY.csv");
  // What the name brings in is no template.
  EXPECT_EQ(Expanded("gs://out-1/{name}", "a{stem}"), "gs://out-1/a{stem}");
  EXPECT_THAT(Expanded("gs://out-1/{name}{name}", std::string(600, 'x')), HasSubstr("1024"));
}

TEST(Uri, KnowsItsTemplates) {
  EXPECT_THAT(Wrong("gs://out-1/{nam}.csv"), HasSubstr("has '{nam}' where {name}, {folder}"));
  EXPECT_THAT(Wrong("gs://out-1/a{"), HasSubstr("has '{'"));
  EXPECT_THAT(Wrong("gs://out-1/a}"), HasSubstr("has '}'"));
}

TEST(Uri, SaysWhereItWrites) {
  EXPECT_EQ(PlaceOf(ParseUri("gs://out-1/a/x.csv").value()),
            (WritePlace{"out-1", "a/x.csv", "", true}));
  EXPECT_EQ(PlaceOf(ParseUri("gs://out-1/a/{folder}-{stem}.csv").value()),
            (WritePlace{"out-1", "a/", ".csv", false}));
}

}  // namespace
}  // namespace caudal::functions
