#include "objects/resource.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "data/timestamp.h"

namespace caudal::objects {
namespace {

constexpr std::string_view kBase = "http://127.0.0.1:8080";

Object Plain() {
  Object object;
  object.bucket = "b";
  object.name = "dir/a b.txt";
  object.generation = 1700000000123456;
  object.size = 5;
  object.crc32c = 0x9a71bb4c;
  object.md5 = Md5Digest{0, 1, 2};
  object.created = object.updated = object.storage_class_updated = 1700000000123456;
  object.metadata.content_type = "text/plain";
  object.metadata.storage_class = "STANDARD";
  return object;
}

Object Everything() {
  Object object = Plain();
  object.name = std::string("\"quoted\" \\ \n \x01 \x7f €😀/../%2F");
  object.md5.reset();
  object.component_count = 3;
  object.updated += 1'000'000;
  object.noncurrent_since = object.soft_deleted = object.created + 5'000'000;
  object.hard_delete = object.created + 6'000'000;
  object.retention_expires = object.created + 7'000'000;
  object.metadata.content_encoding = "gzip";
  object.metadata.content_disposition = "attachment; filename=\"x\"";
  object.metadata.content_language = "es";
  object.metadata.cache_control = "no-cache";
  object.metadata.custom = {{"k", "v\n"}, {"€", "\"😀\""}};
  object.metadata.custom_time = 1'000'000;
  object.metadata.event_based_hold = object.metadata.temporary_hold = true;
  object.metadata.retention = ObjectRetention{true, object.created + 9'000'000};
  return object;
}

TEST(ObjectResource, TheTextEqualsTheTree) {
  Object defaults;
  Object broken = Plain();
  broken.name = "not \xff UTF-8";
  for (const Object& object : {Plain(), Everything(), defaults, broken}) {
    std::string text = "[";
    AppendObjectResource(text, object, kBase);
    const std::string tree = DumpJson(ObjectResource(object, kBase));
    EXPECT_EQ(Json::parse(text.substr(1)), Json::parse(tree));
  }
}

TEST(ObjectResource, HasCloudStoragesForm) {
  const Json json = ObjectResource(Plain(), kBase);
  EXPECT_EQ(json["selfLink"], "http://127.0.0.1:8080/storage/v1/b/b/o/dir%2Fa%20b.txt");
  EXPECT_EQ(json["mediaLink"],
            "http://127.0.0.1:8080/download/storage/v1/b/b/o/dir%2Fa%20b.txt"
            "?generation=1700000000123456&alt=media");
  EXPECT_EQ(json["generation"], "1700000000123456");
  EXPECT_EQ(json["size"], "5");
  EXPECT_EQ(json["crc32c"], "mnG7TA==");
  EXPECT_EQ(json["timeCreated"], "2023-11-14T22:13:20.123Z");
  EXPECT_EQ(json["etag"], "CMDEgMHBxIIDEAE=");
  EXPECT_FALSE(json.contains("metadata"));
  EXPECT_FALSE(ObjectResource(Everything(), kBase).contains("md5Hash"));
}

TEST(ObjectResource, TheLaterRetentionCounts) {
  Object object = Everything();
  EXPECT_EQ(ObjectResource(object, kBase)["retentionExpirationTime"],
            FormatRfc3339(object.created + 9'000'000));
  object.metadata.retention->until = 0;
  EXPECT_EQ(ObjectResource(object, kBase)["retentionExpirationTime"],
            FormatRfc3339(object.created + 7'000'000));
}

TEST(ApplyObject, RoundTripsWhatAClientMaySet) {
  const Object object = Everything();
  ObjectMetadata copy;
  ASSERT_TRUE(ApplyObjectResource(ObjectResource(object, kBase), false, copy).ok());
  Object again = object;
  again.metadata = copy;
  EXPECT_EQ(ObjectResource(again, kBase), ObjectResource(object, kBase));
}

TEST(ApplyObject, APatchKeepsWhatItDoesNotName) {
  ObjectMetadata m;
  m.content_type = "a/b";
  m.cache_control = "no-cache";
  m.custom = {{"keep", "1"}, {"drop", "2"}};
  const Json patch = {{"cacheControl", nullptr}, {"metadata", {{"drop", nullptr}, {"new", "3"}}}};
  ASSERT_TRUE(ApplyObjectResource(patch, true, m).ok());
  EXPECT_EQ(m.content_type, "a/b");
  EXPECT_EQ(m.cache_control, "");
  EXPECT_EQ(m.custom, (std::map<std::string, std::string>{{"keep", "1"}, {"new", "3"}}));
  ASSERT_TRUE(ApplyObjectResource({{"metadata", nullptr}}, true, m).ok());
  EXPECT_TRUE(m.custom.empty());
}

TEST(ApplyObject, AnUpdateClearsWhatItDoesNotName) {
  ObjectMetadata m;
  m.content_type = "a/b";
  m.custom = {{"k", "1"}};
  m.temporary_hold = true;
  ASSERT_TRUE(ApplyObjectResource({{"contentLanguage", "es"}}, false, m).ok());
  EXPECT_EQ(m.content_type, "");
  EXPECT_TRUE(m.custom.empty());
  EXPECT_FALSE(m.temporary_hold);
  EXPECT_EQ(m.content_language, "es");
}

TEST(ApplyObject, RefusesWhatIsWrongAndNamesTheField) {
  const std::vector<std::pair<Json, std::string>> cases = {
      {Json::array(), "object"},
      {{{"contentType", 3}}, "contentType"},
      {{{"contentType", "a\r\nX-Evil: 1"}}, "contentType"},
      {{{"customTime", "yesterday"}}, "customTime"},
      {{{"metadata", {{"a", 1}}}}, "metadata.a"},
      {{{"metadata", {{"a", std::string(9000, 'x')}}}}, "metadata"},
      {{{"temporaryHold", "yes"}}, "temporaryHold"},
      {{{"retention", {{"mode", "Perhaps"}}}}, "retention.mode"},
      {{{"retention", {{"mode", "Locked"}}}}, "retention.retainUntilTime"},
      {{{"storageClass", "GOLD"}}, "storageClass"},
      {{{"kmsKeyName", "k"}}, "kmsKeyName"},
  };
  for (const auto& [json, field] : cases) {
    ObjectMetadata m;
    const Result<void> applied = ApplyObjectResource(json, true, m);
    ASSERT_FALSE(applied.ok()) << json;
    EXPECT_THAT(applied.error().message, testing::HasSubstr(field));
  }
  ObjectMetadata m;
  m.custom_time = 2'000'000'000'000'000;
  EXPECT_FALSE(ApplyObjectResource({{"customTime", "2001-01-01T00:00:00Z"}}, true, m).ok());
}

TEST(BucketResource, RoundTrips) {
  const Json sent = Json::parse(R"({
    "name": "b", "location": "eu", "storageClass": "nearline",
    "versioning": {"enabled": true}, "labels": {"team": "data"},
    "softDeletePolicy": {"retentionDurationSeconds": "604800"},
    "retentionPolicy": {"retentionPeriod": 60},
    "cors": [{"origin": ["*"], "maxAgeSeconds": 5}], "_iam": {"x": 1},
    "lifecycle": {"rule": [
      {"action": {"type": "Delete"},
       "condition": {"age": 30, "isLive": false, "matchesPrefix": ["tmp/"], "numNewerVersions": 2}},
      {"action": {"type": "SetStorageClass", "storageClass": "COLDLINE"},
       "condition": {"createdBefore": "2024-02-29", "matchesStorageClass": ["STANDARD"]}}]}})");
  Bucket bucket;
  bucket.name = "b";
  ASSERT_TRUE(ApplyBucketResource(sent, false, bucket.settings).ok());
  const Json json = BucketResource(bucket, kBase);
  EXPECT_EQ(json["location"], "EU");
  EXPECT_EQ(json["storageClass"], "NEARLINE");
  EXPECT_EQ(json["versioning"], sent["versioning"]);
  EXPECT_EQ(json["labels"], sent["labels"]);
  EXPECT_EQ(json["lifecycle"], sent["lifecycle"]);
  EXPECT_EQ(json["cors"], sent["cors"]);
  EXPECT_EQ(json["softDeletePolicy"]["retentionDurationSeconds"], "604800");
  EXPECT_EQ(json["retentionPolicy"]["retentionPeriod"], "60");
  EXPECT_FALSE(json.contains("_iam"));
  Bucket again = bucket;
  ASSERT_TRUE(ApplyBucketResource(json, false, again.settings).ok());
  EXPECT_EQ(BucketResource(again, kBase), json);
}

TEST(ApplyBucket, AnUpdateKeepsTheIamPolicyAndClearsTheRest) {
  BucketSettings s;
  s.other = {{"_iam", {{"bindings", Json::array()}}}, {"website", {{"mainPageSuffix", "i"}}}};
  s.versioning = true;
  s.retention_seconds = 5;
  ASSERT_TRUE(ApplyBucketResource(Json::object(), false, s).ok());
  EXPECT_TRUE(s.other.contains("_iam"));
  EXPECT_FALSE(s.other.contains("website"));
  EXPECT_FALSE(s.versioning);
  EXPECT_FALSE(s.retention_seconds);
  s.versioning = true;
  ASSERT_TRUE(ApplyBucketResource({{"labels", {{"a", "b"}}}}, true, s).ok());
  EXPECT_TRUE(s.versioning);
}

TEST(ApplyBucket, RefusesWhatIsWrongAndNamesTheField) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {R"({"versioning": true})", "versioning"},
      {R"({"versioning": {"enabled": "x"}})", "versioning.enabled"},
      {R"({"lifecycle": {"rule": [{"action": {"type": "Delete"}}]}})", "condition"},
      {R"({"lifecycle": {"rule": [{"condition": {"age": 1}}]}})", "action"},
      {R"({"lifecycle": {"rule": [{"action": {"type": "Delete"}, "condition": {"age": -1}}]}})",
       "age"},
      {R"({"softDeletePolicy": {"retentionDurationSeconds": 5}})", "retentionDurationSeconds"},
      {R"({"retentionPolicy": {"retentionPeriod": "x"}})", "retentionPeriod"},
      {R"({"storageClass": "GOLD"})", "storageClass"},
      {R"({"hierarchicalNamespace": {"enabled": true}})", "hierarchicalNamespace"},
      {R"({"labels": {"a": 1}})", "labels.a"},
  };
  for (const auto& [text, field] : cases) {
    BucketSettings s;
    const Result<void> applied = ApplyBucketResource(Json::parse(text), true, s);
    ASSERT_FALSE(applied.ok()) << text;
    EXPECT_THAT(applied.error().message, testing::HasSubstr(field));
  }
}

}  // namespace
}  // namespace caudal::objects
