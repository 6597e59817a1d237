// Buckets and objects through the JSON API, over a real store.
#include "api/gcs/api_fixture.h"

namespace caudal::api::gcs {
namespace {

using testing::HasSubstr;

class JsonApi : public ApiFixture {
 protected:
  std::vector<std::string> Names(const Json& list, const char* member = "items") {
    std::vector<std::string> names;
    if (!list.contains(member)) return names;
    for (const Json& item : list[member])
      names.push_back(item.is_string() ? item.get<std::string>() : item["name"].get<std::string>());
    return names;
  }
};

TEST_F(JsonApi, BucketsLiveAndDie) {
  MakeApiBucket(R"(,"labels":{"a":"b"},"location":"eu")");
  EXPECT_EQ(ReasonOf(Post("/b", R"({"name":"bucket"})")), "409 conflict");
  EXPECT_EQ(ReasonOf(Post("/b", "{}")), "400 required");
  EXPECT_EQ(ReasonOf(Post("/b", R"({"name":"Bad Name"})")), "400 invalid");
  EXPECT_EQ(ReasonOf(Post("/b", R"({"name":"storage"})")), "400 invalid");
  EXPECT_EQ(ReasonOf(Post("/b", "{")), "400 invalid");
  EXPECT_EQ(ReasonOf(Get("/b/absent")), "404 notFound");
  const Json bucket = JsonOf(Get("/storage/v1/b/bucket?projection=full"));
  EXPECT_EQ(bucket["location"], "EU");
  EXPECT_EQ(bucket["kind"], "storage#bucket");
  EXPECT_EQ(bucket["selfLink"], "http://127.0.0.1:8080/storage/v1/b/bucket");
  EXPECT_EQ(JsonOf(Get("/b/bucket?fields=name,labels")),
            Json::parse(R"({"name":"bucket","labels":{"a":"b"}})"));
  const Json patched = JsonOf(Patch("/b/bucket", R"({"versioning":{"enabled":true}})"));
  EXPECT_EQ(patched["metageneration"], "2");
  EXPECT_EQ(patched["labels"]["a"], "b");
  EXPECT_EQ(ReasonOf(Patch("/b/bucket", R"({"location":"us"})")), "400 invalid");
  EXPECT_EQ(ReasonOf(Send(http::Method::kPatch, "/b/bucket?ifMetagenerationMatch=1", "{}")),
            "412 conditionNotMet");
  EXPECT_FALSE(JsonOf(Put("/b/bucket", "{}")).contains("labels"));
  EXPECT_EQ(Get("/b/bucket?ifMetagenerationNotMatch=3").status, 304);
  EXPECT_EQ(Names(JsonOf(Get("/b?project=p"))), std::vector<std::string>{"bucket"});
  Upload("x", "1");
  EXPECT_EQ(ReasonOf(Delete("/b/bucket")), "409 conflict");
  EXPECT_EQ(Delete("/b/bucket/o/x").status, 204);
  EXPECT_EQ(JsonOf(Get("/b/bucket/o?versions=True"))["items"].size(), 0u);
  EXPECT_EQ(Delete("/b/bucket").status, 204);
  EXPECT_EQ(ReasonOf(Delete("/b/bucket")), "404 notFound");
}

TEST_F(JsonApi, BucketListsComeInPages) {
  for (const char* name : {"aaa", "aab", "bbb"})
    Post("/b", std::string(R"({"name":")") + name + "\"}");
  const Json page = JsonOf(Get("/b?maxResults=2"));
  EXPECT_EQ(Names(page), (std::vector<std::string>{"aaa", "aab"}));
  const std::string token = http::PercentEncode(page["nextPageToken"].get<std::string>());
  EXPECT_EQ(Names(JsonOf(Get("/b?maxResults=2&pageToken=" + token))),
            std::vector<std::string>{"bbb"});
  EXPECT_EQ(Names(JsonOf(Get("/b?prefix=aa"))).size(), 2u);
}

TEST_F(JsonApi, IamPoliciesAreKept) {
  MakeApiBucket();
  const Json before = JsonOf(Get("/b/bucket/iam?optionsRequestedPolicyVersion=3"));
  EXPECT_EQ(before["kind"], "storage#policy");
  Json policy = {{"bindings", Json::array({{{"role", "r"}, {"members", {"user:a"}}}})},
                 {"etag", before["etag"]}};
  const Json after = JsonOf(Put("/b/bucket/iam", policy.dump()));
  EXPECT_EQ(after["bindings"], policy["bindings"]);
  EXPECT_NE(after["etag"], before["etag"]);
  EXPECT_EQ(ReasonOf(Put("/b/bucket/iam", policy.dump())), "412 conditionNotMet");
  EXPECT_FALSE(JsonOf(Get("/b/bucket")).contains("_iam"));
  EXPECT_EQ(JsonOf(Get("/b/bucket/iam/testPermissions?permissions=a&permissions=b"))["permissions"],
            Json::parse(R"(["a","b"])"));
  EXPECT_EQ(ReasonOf(Get("/b/absent/iam")), "404 notFound");
  EXPECT_EQ(JsonOf(Get("/storage/v1/b/bucket/storageLayout"))["bucket"], "bucket");
  EXPECT_EQ(JsonOf(Get("/projects/p/serviceAccount"))["kind"], "storage#serviceAccount");
}

TEST_F(JsonApi, WhatIsMissingSaysSo) {
  MakeApiBucket();
  for (const char* path :
       {"/b/bucket/acl", "/b/bucket/defaultObjectAcl", "/b/bucket/folders",
        "/b/bucket/managedFolders/x", "/b/bucket/anywhereCaches", "/projects/p/hmacKeys",
        "/b/bucket/o/x/acl", "/b/bucket/o/x/acl/allUsers"})
    EXPECT_EQ(ReasonOf(Get(path)), "501 notImplemented") << path;
  EXPECT_EQ(ReasonOf(Post("/b/bucket/o/bulkRestore")), "501 notImplemented");
  EXPECT_EQ(
      ReasonOf(Post(
          "/upload/storage/v1/b/bucket/o?uploadType=media&name=x&predefinedAcl=publicRead", "x")),
      "501 notImplemented");
  EXPECT_EQ(ReasonOf(Get("/storage/v1/nothing/here")), "404 notFound");
}

TEST_F(JsonApi, NotificationConfigs) {
  MakeApiBucket();
  const std::string url = "/storage/v1/b/bucket/notificationConfigs";
  const Json made = JsonOf(Post(url, R"({"topic":"//pubsub.googleapis.com/projects/p/topics/t",
      "payload_format":"JSON_API_V1","event_types":["OBJECT_FINALIZE"],
      "custom_attributes":{"k":"v"},"object_name_prefix":"raw/"})"));
  EXPECT_EQ(made["topic"], "//pubsub.googleapis.com/projects/p/topics/t");
  EXPECT_EQ(made["event_types"], Json::parse(R"(["OBJECT_FINALIZE"])"));
  const std::string id = made["id"];
  EXPECT_EQ(JsonOf(Get(url))["items"].size(), 1u);
  EXPECT_EQ(JsonOf(Get(url + "/" + id))["custom_attributes"]["k"], "v");
  EXPECT_EQ(Delete(url + "/" + id).status, 204);
  EXPECT_EQ(ReasonOf(Get(url + "/" + id)), "404 notFound");
  EXPECT_EQ(ReasonOf(Post(url, R"({"topic":"projects/p/topics/unknown"})")), "400 invalid");
  EXPECT_EQ(ReasonOf(Post(url, R"({"topic":"projects/p/topics/t","event_types":["X"]})")),
            "400 invalid");
  EXPECT_EQ(ReasonOf(Post(url, "{}")), "400 required");
}

TEST_F(JsonApi, ObjectsLiveAndDie) {
  MakeApiBucket();
  const Json object = Upload("dir/a b.txt", "hello");
  EXPECT_EQ(object["size"], "5");
  EXPECT_EQ(object["contentType"], "text/plain");
  EXPECT_EQ(object["crc32c"], "mnG7TA==");
  EXPECT_EQ(object["md5Hash"], "XUFAKrxLKna5cZ2REBfFkg==");
  const std::string url = "/storage/v1/b/bucket/o/dir%2Fa%20b.txt";
  EXPECT_EQ(JsonOf(Get(url)), object);
  EXPECT_EQ(HeaderOf(Get(url), "ETag"), object["etag"].get<std::string>());
  EXPECT_EQ(JsonOf(Get("/b/bucket/o/dir/a%20b.txt?fields=name,size")),
            Json::parse(R"({"name":"dir/a b.txt","size":"5"})"));
  const Json patched = JsonOf(Patch(url, R"({"metadata":{"k":"v"},"cacheControl":"no-store"})"));
  EXPECT_EQ(patched["metageneration"], "2");
  EXPECT_EQ(patched["contentType"], "text/plain");
  EXPECT_FALSE(JsonOf(Put(url, R"({"contentType":"a/b"})")).contains("metadata"));
  EXPECT_EQ(ReasonOf(Patch(url, R"({"contentType":5})")), "400 invalid");
  EXPECT_EQ(Delete(url).status, 204);
  EXPECT_EQ(ReasonOf(Get(url)), "404 notFound");
  EXPECT_EQ(ReasonOf(Get(url + "?alt=media")), "404 notFound");
  EXPECT_EQ(ReasonOf(Delete(url)), "404 notFound");
  EXPECT_EQ(JsonOf(Post("/b/bucket/o", R"({"name":"empty"})"))["size"], "0");
}

TEST_F(JsonApi, MediaCarriesTheHeaders) {
  MakeApiBucket();
  Upload("x", "hello");
  Patch("/b/bucket/o/x", R"({"metadata":{"good":"v","bad\nname":"v","bad-value":"a\r\nb"},
      "contentLanguage":"es","contentDisposition":"inline"})");
  for (const char* url : {"/b/bucket/o/x?alt=media", "/download/storage/v1/b/bucket/o/x?alt=media",
                          "/download/storage/v1/b/bucket/o/x"}) {
    const http::Response media = Get(url);
    EXPECT_EQ(media.status, 200);
    EXPECT_EQ(BodyOf(media), "hello");
    EXPECT_EQ(HeaderOf(media, "x-goog-hash"), "crc32c=mnG7TA==,md5=XUFAKrxLKna5cZ2REBfFkg==");
    EXPECT_EQ(HeaderOf(media, "x-goog-metageneration"), "2");
    EXPECT_EQ(HeaderOf(media, "x-goog-stored-content-length"), "5");
    EXPECT_EQ(HeaderOf(media, "x-goog-stored-content-encoding"), "identity");
    EXPECT_EQ(HeaderOf(media, "Content-Type"), "text/plain");
    EXPECT_EQ(HeaderOf(media, "Content-Language"), "es");
    EXPECT_EQ(HeaderOf(media, "Content-Disposition"), "inline");
    EXPECT_EQ(HeaderOf(media, "x-goog-meta-good"), "v");
    EXPECT_EQ(HeaderOf(media, "x-goog-meta-bad-value"), "(none)");
    for (const auto& [name, value] : media.headers)
      EXPECT_EQ((name + value).find_first_of("\r\n"), std::string::npos);
  }
}

TEST_F(JsonApi, LargeMediaIsSentAsAFile) {
  MakeApiBucket();
  const std::string bytes = random_.Hex(100'000);
  Upload("large", bytes);
  const http::Response media = Get("/b/bucket/o/large?alt=media");
  ASSERT_TRUE(std::holds_alternative<http::FileBody>(media.body));
  Delete("/b/bucket/o/large");  // the reader keeps it
  ASSERT_TRUE(store_->Maintain().ok());
  EXPECT_EQ(BodyOf(media), bytes);
}

TEST_F(JsonApi, RangesOfMedia) {
  MakeApiBucket();
  Upload("x", "0123456789");
  const std::string url = "/b/bucket/o/x?alt=media";
  const http::Response part = Get(url, {{"Range", "bytes=2-4"}});
  EXPECT_EQ(part.status, 206);
  EXPECT_EQ(BodyOf(part), "234");
  EXPECT_EQ(HeaderOf(part, "Content-Range"), "bytes 2-4/10");
  EXPECT_EQ(BodyOf(Get(url, {{"Range", "bytes=-3"}})), "789");
  EXPECT_EQ(Get(url, {{"Range", "bytes=0-1,4-5"}}).status, 200);
  const http::Response outside = Get(url, {{"Range", "bytes=10-"}});
  EXPECT_EQ(outside.status, 416);
  EXPECT_EQ(HeaderOf(outside, "Content-Range"), "bytes */10");
  EXPECT_EQ(Get(url, {{"Range", "bytes=1-"}, {"If-Range", "\"other\""}}).status, 200);
}

TEST_F(JsonApi, ConditionsOfReads) {
  MakeApiBucket();
  const Json object = Upload("x", "hello");
  const std::string g = object["generation"];
  const std::string url = "/b/bucket/o/x?alt=media";
  for (const std::string alt : {"/b/bucket/o/x?", "/b/bucket/o/x?alt=media&"}) {
    EXPECT_EQ(Get(alt + "ifGenerationMatch=" + g).status, 200);
    EXPECT_EQ(ReasonOf(Get(alt + "ifGenerationMatch=5")), "412 conditionNotMet");
    EXPECT_EQ(Get(alt + "ifGenerationNotMatch=" + g).status, 304);
    EXPECT_EQ(Get(alt + "ifMetagenerationNotMatch=1").status, 304);
    EXPECT_EQ(ReasonOf(Get(alt + "ifMetagenerationMatch=2")), "412 conditionNotMet");
    EXPECT_EQ(ReasonOf(Get(alt + "ifGenerationMatch=x")), "400 invalid");
    EXPECT_EQ(Get(alt + "generation=" + g).status, 200);
    EXPECT_EQ(ReasonOf(Get(alt + "generation=5")), "404 notFound");
    EXPECT_EQ(Get(alt, {{"x-goog-if-generation-match", "5"}}).status, 412);
    EXPECT_EQ(Get(alt, {{"If-None-Match", object["etag"]}}).status, 304);
    EXPECT_EQ(Get(alt, {{"If-None-Match", "\"a\", *"}}).status, 304);
    EXPECT_EQ(Get(alt, {{"If-Match", "\"nope\""}}).status, 412);
    EXPECT_EQ(Get(alt, {{"If-Match", object["etag"]}}).status, 200);
    EXPECT_EQ(Get(alt, {{"If-Modified-Since", "Tue, 14 Nov 2023 22:13:20 GMT"}}).status, 304);
    EXPECT_EQ(Get(alt, {{"If-Modified-Since", "Tue, 14 Nov 2023 22:13:19 GMT"}}).status, 200);
    EXPECT_EQ(Get(alt, {{"If-Unmodified-Since", "Tue, 14 Nov 2023 22:13:19 GMT"}}).status, 412);
  }
}

TEST_F(JsonApi, ConditionsOfWrites) {
  MakeApiBucket();
  const std::string upload = "/upload/storage/v1/b/bucket/o?uploadType=media&name=x";
  EXPECT_EQ(Post(upload + "&ifGenerationMatch=0", "1").status, 200);
  EXPECT_EQ(ReasonOf(Post(upload + "&ifGenerationMatch=0", "2")), "412 conditionNotMet");
  EXPECT_EQ(Post(upload, "2", {{"x-goog-if-generation-match", "0"}}).status, 412);
  EXPECT_EQ(ReasonOf(Patch("/b/bucket/o/x?ifMetagenerationMatch=9", "{}")), "412 conditionNotMet");
  EXPECT_EQ(ReasonOf(Delete("/b/bucket/o/x?ifGenerationMatch=9")), "412 conditionNotMet");
  const std::string etag = JsonOf(Get("/b/bucket/o/x"))["etag"];
  Patch("/b/bucket/o/x", R"({"metadata":{"a":"b"}})");
  EXPECT_EQ(Delete("/b/bucket/o/x", {{"If-Match", etag}}).status, 412);
  EXPECT_EQ(Download("x"), "1");
}

TEST_F(JsonApi, ListsWithEveryParameter) {
  MakeApiBucket();
  for (const char* name : {"a", "b/1", "b/2", "b/c/3", "d/", "e"}) Upload(name, "x");
  const std::string url = "/storage/v1/b/bucket/o?";
  using Strings = std::vector<std::string>;
  EXPECT_EQ(Names(JsonOf(Get(url + "projection=noAcl&prettyPrint=false"))).size(), 6u);
  const Json by_folder = JsonOf(Get(url + "delimiter=/"));
  EXPECT_EQ(Names(by_folder), (Strings{"a", "e"}));
  EXPECT_EQ(Names(by_folder, "prefixes"), (Strings{"b/", "d/"}));
  EXPECT_EQ(Names(JsonOf(Get(url + "delimiter=/&includeTrailingDelimiter=True"))),
            (Strings{"a", "d/", "e"}));
  EXPECT_EQ(Names(JsonOf(Get(url + "prefix=b/&delimiter=%2F"))), (Strings{"b/1", "b/2"}));
  EXPECT_EQ(Names(JsonOf(Get(url + "startOffset=b/2&endOffset=e"))),
            (Strings{"b/2", "b/c/3", "d/"}));
  EXPECT_EQ(Names(JsonOf(Get(url + "matchGlob=b/**3"))), (Strings{"b/c/3"}));
  Strings all;
  std::string token;
  for (int page = 0; page < 10; ++page) {
    const Json json = JsonOf(Get(url + "maxResults=2&pageToken=" + http::PercentEncode(token)));
    EXPECT_LE(json["items"].size(), 2u);
    for (const std::string& name : Names(json)) all.push_back(name);
    if (!json.contains("nextPageToken")) break;
    token = json["nextPageToken"];
  }
  EXPECT_EQ(all.size(), 6u);
  EXPECT_EQ(Get(url + "fields=items(name),nextPageToken&prefix=a").status, 200);
  EXPECT_EQ(JsonOf(Get(url + "fields=items(name),nextPageToken&prefix=a")),
            Json::parse(R"({"items":[{"name":"a"}]})"));
  EXPECT_EQ(ReasonOf(Get(url + "maxResults=-1")), "400 invalid");
  EXPECT_EQ(ReasonOf(Get(url + "versions=perhaps")), "400 invalid");
  EXPECT_EQ(ReasonOf(Get(url + "pageToken=garbage!")), "400 invalid");
  EXPECT_EQ(ReasonOf(Get(url + "fields=a(")), "400 invalid");
  EXPECT_EQ(ReasonOf(Get("/b/absent/o")), "404 notFound");
}

TEST_F(JsonApi, VersionsAndSoftDelete) {
  MakeApiBucket(R"(,"versioning":{"enabled":true})");
  const std::string first = Upload("x", "one")["generation"];
  clock_.Advance(std::chrono::seconds(1));
  Upload("x", "two");
  EXPECT_EQ(JsonOf(Get("/b/bucket/o?versions=True"))["items"].size(), 2u);
  EXPECT_EQ(BodyOf(Get("/b/bucket/o/x?alt=media&generation=" + first)), "one");
  Delete("/b/bucket/o/x");
  EXPECT_EQ(Get("/b/bucket/o/x").status, 404);
  EXPECT_TRUE(JsonOf(Get("/b/bucket/o/x?generation=" + first)).contains("timeDeleted"));

  Post("/b", R"({"name":"soft","softDeletePolicy":{"retentionDurationSeconds":"604800"}})");
  Post("/upload/storage/v1/b/soft/o?uploadType=media&name=y", "kept");
  Delete("/b/soft/o/y");
  const Json gone = JsonOf(Get("/b/soft/o?softDeleted=true"));
  ASSERT_EQ(gone["items"].size(), 1u);
  EXPECT_TRUE(gone["items"][0].contains("hardDeleteTime"));
  const std::string generation = gone["items"][0]["generation"];
  EXPECT_EQ(Get("/b/soft/o/y?softDeleted=true&generation=" + generation).status, 200);
  EXPECT_EQ(ReasonOf(Get("/b/soft/o/y?softDeleted=true")), "400 required");
  EXPECT_EQ(ReasonOf(Post("/b/soft/o/y/restore")), "400 required");
  EXPECT_EQ(Post("/b/soft/o/y/restore?generation=" + generation).status, 200);
  EXPECT_EQ(BodyOf(Get("/b/soft/o/y?alt=media")), "kept");
}

TEST_F(JsonApi, HoldsForbid) {
  MakeApiBucket();
  Upload("x", "1");
  Patch("/b/bucket/o/x", R"({"temporaryHold":true})");
  EXPECT_EQ(Delete("/b/bucket/o/x").status, 403);
  Patch("/b/bucket/o/x", R"({"temporaryHold":false})");
  EXPECT_EQ(Delete("/b/bucket/o/x").status, 204);
}

TEST_F(JsonApi, RetentionIsLocked) {
  MakeApiBucket(R"(,"retentionPolicy":{"retentionPeriod":"3600"})");
  EXPECT_EQ(ReasonOf(Post("/b/bucket/lockRetentionPolicy")), "400 required");
  EXPECT_EQ(
      JsonOf(Post(
          "/b/bucket/lockRetentionPolicy?ifMetagenerationMatch=1"))["retentionPolicy"]["isLocked"],
      true);
  Upload("x", "1");
  EXPECT_EQ(ReasonOf(Delete("/b/bucket/o/x")), "403 retentionPolicyNotMet");
}

TEST_F(JsonApi, ComposesAndCopies) {
  MakeApiBucket();
  const std::string g = Upload("a/1", "one,")["generation"];
  Upload("a/2", "two");
  const std::string body = R"({"sourceObjects":[{"name":"a/1","generation":")" + g +
                           R"("},{"name":"a/2"}],"destination":{"contentType":"x/y"}})";
  for (const char* target : {"all%2Fjoined", "all/joined"}) {
    const Json made =
        JsonOf(Post(std::string("/storage/v1/b/bucket/o/") + target + "/compose", body));
    EXPECT_EQ(made["name"], "all/joined");
    EXPECT_EQ(made["componentCount"], 2);
    EXPECT_EQ(made["contentType"], "x/y");
    EXPECT_FALSE(made.contains("md5Hash"));
  }
  EXPECT_EQ(Download("all/joined"), "one,two");
  EXPECT_EQ(ReasonOf(Post("/b/bucket/o/z/compose", R"({"sourceObjects":[{"name":"a/1",
      "objectPreconditions":{"ifGenerationMatch":"5"}}]})")),
            "412 conditionNotMet");
  EXPECT_EQ(ReasonOf(Post("/b/bucket/o/z/compose", "{}")), "400 required");

  const Json rewritten =
      JsonOf(Post("/b/bucket/o/a%2F1/rewriteTo/b/bucket/o/copy%2F1", R"({"name":"copy/1"})"));
  EXPECT_EQ(rewritten["done"], true);
  EXPECT_EQ(rewritten["resource"]["contentType"], "text/plain");
  EXPECT_EQ(rewritten["totalBytesRewritten"], "4");
  EXPECT_EQ(JsonOf(Post("/b/bucket/o/a/1/rewriteTo/b/bucket/o/copy/2",
                        R"({"storageClass":"COLDLINE"})"))["resource"]["storageClass"],
            "COLDLINE");
  const Json copied =
      JsonOf(Post("/b/bucket/o/a%2F1/copyTo/b/bucket/o/c", R"({"metadata":{"k":"v"}})"));
  EXPECT_EQ(copied["metadata"]["k"], "v");
  EXPECT_EQ(copied["contentType"], "text/plain");
  EXPECT_EQ(ReasonOf(Post("/b/bucket/o/a%2F1/copyTo/b/bucket/o/c?ifGenerationMatch=0")),
            "412 conditionNotMet");
  EXPECT_EQ(ReasonOf(Post("/b/bucket/o/a%2F1/copyTo/b/bucket/o/c?ifSourceGenerationMatch=1")),
            "412 conditionNotMet");
  EXPECT_EQ(ReasonOf(Post("/b/bucket/o/a%2F1/copyTo/b/absent/o/c")), "404 notFound");
  EXPECT_EQ(JsonOf(Post("/b/bucket/o/c/moveTo/o/moved%2Fc"))["name"], "moved/c");
  EXPECT_EQ(Get("/b/bucket/o/c").status, 404);
  EXPECT_EQ(Download("moved/c"), "one,");
  EXPECT_EQ(ReasonOf(Post("/b/bucket/o/x/frobnicate")), "404 notFound");
}

TEST_F(JsonApi, AnyNameIsJustAName) {
  MakeApiBucket();
  const std::vector<std::string> names = {"a",
                                          "a/b",
                                          "a/../b",
                                          "..",
                                          ".",
                                          "//",
                                          "/",
                                          "a//b",
                                          "a/",
                                          "%2F",
                                          "%",
                                          "?x=y",
                                          "#",
                                          "+",
                                          " ",
                                          "compose",
                                          "x/compose",
                                          "acl",
                                          "o",
                                          "€😀",
                                          "x&y=z",
                                          "\"'<>\\",
                                          std::string(1024, 'n'),
                                          "rewriteTo/b/c/o/d"};
  for (const std::string& name : names) ASSERT_EQ(Upload(name, name)["name"], name);
  for (const std::string& name : names) {
    ASSERT_EQ(Download(name), name);
    // Raw slashes, the rest encoded.
    const std::string raw = "/storage/v1/b/bucket/o/" + http::PercentEncode(name, "/");
    ASSERT_EQ(BodyOf(Get(raw + "?alt=media")), name) << raw;
    ASSERT_EQ(JsonOf(Get(raw))["name"], name);
  }
  EXPECT_EQ(JsonOf(Get("/b/bucket/o"))["items"].size(), names.size());
  for (const std::string& name : names)
    ASSERT_EQ(Delete("/b/bucket/o/" + http::PercentEncode(name, "/")).status, 204) << name;
  EXPECT_EQ(
      ReasonOf(Post("/upload/storage/v1/b/bucket/o?uploadType=media&name=" + std::string(1025, 'n'),
                    "x")),
      "400 invalid");
  EXPECT_EQ(ReasonOf(Post("/upload/storage/v1/b/bucket/o?uploadType=media&name=%FF", "x")),
            "400 invalid");
  EXPECT_EQ(ReasonOf(Post("/upload/storage/v1/b/bucket/o?uploadType=media", "x")), "400 required");
  EXPECT_EQ(Get("/b/bucket/o/%zz").status, 400);
}

TEST_F(JsonApi, BatchesGoThroughTheRouter) {
  MakeApiBucket();
  Upload("a b", "1");
  Upload("c/d", "2");
  const std::string body =
      "--X\r\nContent-Type: application/http\r\nContent-ID: <id+1>\r\n\r\n"
      "DELETE /storage/v1/b/bucket/o/a%20b HTTP/1.1\r\n\r\n\r\n"
      "--X\r\nContent-Type: application/http\r\nContent-ID: <id+2>\r\n\r\n"
      "DELETE /storage/v1/b/bucket/o/missing HTTP/1.1\r\n\r\n\r\n"
      "--X\r\nContent-Type: application/http\r\n\r\n"
      "PATCH http://host/storage/v1/b/bucket/o/c/d HTTP/1.1\r\nContent-Type: "
      "application/json\r\n\r\n"
      "{\"contentType\":\"x/y\"}\r\n"
      "--X\r\nContent-Type: application/http\r\n\r\n"
      "GET /storage/v1/b/bucket/o/c%2Fd?alt=media HTTP/1.1\r\n\r\n\r\n--X--";
  required_token_ = "Bearer t";
  EXPECT_EQ(
      Post("/batch/storage/v1", body, {{"Content-Type", "multipart/mixed; boundary=X"}}).status,
      401);
  actions_.clear();
  const http::Response response =
      Post("/batch/storage/v1", body,
           {{"Content-Type", "multipart/mixed; boundary=\"X\""}, {"Authorization", "Bearer t"}});
  EXPECT_EQ(response.status, 200);
  const std::string type = HeaderOf(response, "Content-Type");
  EXPECT_THAT(type, testing::StartsWith("multipart/mixed; boundary=batch_"));
  const std::string text = BodyOf(response);
  EXPECT_THAT(text, HasSubstr("Content-ID: <response-id+1>\r\n\r\nHTTP/1.1 204 No Content\r\n"));
  EXPECT_THAT(text, HasSubstr("Content-ID: <response-id+2>\r\n\r\nHTTP/1.1 404 Not Found\r\n"));
  EXPECT_THAT(text, HasSubstr("\"contentType\":\"x/y\""));
  EXPECT_THAT(text, HasSubstr("moves no media"));
  EXPECT_THAT(text, testing::EndsWith("--\r\n"));
  EXPECT_THAT(actions_, testing::ElementsAre("storage.batch", "storage.objects.delete",
                                             "storage.objects.delete", "storage.objects.update"));
  EXPECT_EQ(Get("/b/bucket/o/a%20b", {{"Authorization", "Bearer t"}}).status, 404);
  std::string many;
  for (int i = 0; i < 101; ++i) many += "--X\r\n\r\nGET /b HTTP/1.1\r\n\r\n\r\n";
  EXPECT_EQ(ReasonOf(Post(
                "/batch/storage/v1", many + "--X--",
                {{"Content-Type", "multipart/mixed; boundary=X"}, {"Authorization", "Bearer t"}})),
            "400 invalid");
}

}  // namespace
}  // namespace caudal::api::gcs
