// The XML API, over a real store.
#include "api/gcs/api_fixture.h"
#include "api/gcs/xml_bodies.h"

namespace caudal::api::gcs {
namespace {

using testing::HasSubstr;

class XmlApi : public ApiFixture {
 protected:
  static std::string CodeOf(const http::Response& response) {
    const std::string text = BodyOf(response);
    return std::to_string(response.status) + " " + Between(text, "Code");
  }
  static std::string Between(const std::string& text, const std::string& element) {
    const size_t open = text.find("<" + element + ">");
    const size_t close = text.find("</" + element + ">");
    if (open == std::string::npos || close == std::string::npos) return "(none)";
    const size_t begin = open + element.size() + 2;
    return text.substr(begin, close - begin);
  }
};

TEST_F(XmlApi, BucketsLiveAndDie) {
  EXPECT_EQ(Put("/bucket",
                "<CreateBucketConfiguration xmlns='x'><LocationConstraint>eu</LocationConstraint>"
                "</CreateBucketConfiguration>")
                .status,
            200);
  EXPECT_EQ(CodeOf(Put("/bucket/")), "409 BucketAlreadyOwnedByYou");
  EXPECT_EQ(CodeOf(Put("/other-bucket", "<Wrong/>")), "400 MalformedXML");
  EXPECT_EQ(CodeOf(Put("/ui")), "400 InvalidArgument");
  EXPECT_EQ(Between(BodyOf(Get("/bucket?location")), "LocationConstraint"), "EU");
  EXPECT_EQ(Send(http::Method::kHead, "/bucket").status, 200);
  EXPECT_EQ(Send(http::Method::kHead, "/absent").status, 404);
  EXPECT_EQ(CodeOf(Get("/absent")), "404 NoSuchBucket");
  EXPECT_EQ(CodeOf(Get("/bucket?acl")), "501 NotImplemented");
  Put("/bucket/x", "1");
  EXPECT_EQ(CodeOf(Delete("/bucket")), "409 BucketNotEmpty");
  Delete("/bucket/x");
  EXPECT_EQ(Delete("/bucket").status, 204);
}

TEST_F(XmlApi, ObjectsLiveAndDie) {
  MakeApiBucket();
  const http::Response put =
      Put("/bucket/dir/a%20b.txt", "hello",
          {{"Content-Type", "text/plain"}, {"x-goog-meta-Key", "v"}, {"x-amz-meta-other", "w"}});
  EXPECT_EQ(put.status, 200);
  EXPECT_EQ(HeaderOf(put, "ETag"), "\"5d41402abc4b2a76b9719d911017c592\"");
  EXPECT_EQ(HeaderOf(put, "x-goog-hash"), "crc32c=mnG7TA==,md5=XUFAKrxLKna5cZ2REBfFkg==");
  const http::Response get = Get("/bucket/dir/a%20b.txt");
  EXPECT_EQ(BodyOf(get), "hello");
  EXPECT_EQ(HeaderOf(get, "Content-Type"), "text/plain");
  EXPECT_EQ(HeaderOf(get, "x-goog-meta-key"), "v");
  EXPECT_EQ(HeaderOf(get, "x-goog-meta-other"), "w");
  EXPECT_EQ(
      HeaderOf(Send(http::Method::kHead, "/bucket/dir/a%20b.txt"), "x-goog-stored-content-length"),
      "5");
  const http::Response part = Get("/bucket/dir/a%20b.txt", {{"Range", "bytes=1-2"}});
  EXPECT_EQ(part.status, 206);
  EXPECT_EQ(BodyOf(part), "el");
  EXPECT_EQ(CodeOf(Get("/bucket/dir/a%20b.txt", {{"Range", "bytes=9-"}})), "416 InvalidRange");
  EXPECT_EQ(HeaderOf(Get("/bucket/dir/a%20b.txt?response-content-type=a/b&"
                         "response-content-disposition=x%0d%0aEvil:1"),
                     "Content-Type"),
            "a/b");
  EXPECT_EQ(Get("/bucket/dir/a%20b.txt", {{"If-None-Match", HeaderOf(put, "ETag")}}).status, 304);
  EXPECT_EQ(CodeOf(Get("/bucket/none")), "404 NoSuchKey");
  EXPECT_EQ(CodeOf(Get("/bucket/dir/a%20b.txt?generation=7")), "404 NoSuchKey");
  EXPECT_EQ(CodeOf(Put("/bucket/x", "1", {{"Content-MD5", "XUFAKrxLKna5cZ2REBfFkg=="}})),
            "400 BadDigest");
  EXPECT_EQ(CodeOf(Put("/bucket/x", "1", {{"x-goog-acl", "public-read"}})), "501 NotImplemented");
  EXPECT_EQ(CodeOf(Put("/bucket/x", "1", {{"x-amz-content-sha256", "STREAMING-X"}})),
            "501 NotImplemented");
  EXPECT_EQ(CodeOf(Put("/absent/x", "1")), "404 NoSuchBucket");
  EXPECT_EQ(Delete("/bucket/dir/a%20b.txt").status, 204);
  EXPECT_EQ(CodeOf(Delete("/bucket/dir/a%20b.txt")), "404 NoSuchKey");
}

TEST_F(XmlApi, ConditionsOfWrites) {
  MakeApiBucket();
  const std::string etag = HeaderOf(Put("/bucket/x", "1", {{"If-None-Match", "*"}}), "ETag");
  EXPECT_EQ(CodeOf(Put("/bucket/x", "2", {{"If-None-Match", "*"}})), "412 PreconditionFailed");
  EXPECT_EQ(CodeOf(Put("/bucket/x", "2", {{"x-goog-if-generation-match", "0"}})),
            "412 PreconditionFailed");
  EXPECT_EQ(CodeOf(Put("/bucket/x", "2", {{"If-Match", "\"0123\""}})), "412 PreconditionFailed");
  EXPECT_EQ(Put("/bucket/x", "2", {{"If-Match", etag}}).status, 200);
  EXPECT_EQ(CodeOf(Delete("/bucket/x", {{"x-goog-if-generation-match", "1"}})),
            "412 PreconditionFailed");
}

TEST_F(XmlApi, Copies) {
  MakeApiBucket();
  Put("/bucket/a%2Fb", "bytes", {{"Content-Type", "a/b"}, {"x-goog-meta-k", "v"}});
  EXPECT_THAT(BodyOf(Put("/bucket/copy", "", {{"x-amz-copy-source", "/bucket/a/b"}})),
              HasSubstr("<CopyObjectResult"));
  EXPECT_EQ(HeaderOf(Get("/bucket/copy"), "x-goog-meta-k"), "v");
  Put("/bucket/copy", "",
      {{"x-goog-copy-source", "bucket/a%2Fb"}, {"x-goog-metadata-directive", "REPLACE"}});
  EXPECT_EQ(HeaderOf(Get("/bucket/copy"), "x-goog-meta-k"), "(none)");
  EXPECT_EQ(BodyOf(Get("/bucket/copy")), "bytes");
  EXPECT_EQ(CodeOf(Put("/bucket/copy", "", {{"x-goog-copy-source", "nonsense"}})),
            "400 InvalidArgument");
}

TEST_F(XmlApi, Lists) {
  MakeApiBucket();
  for (const char* name : {"a", "b/1", "b/2", "c&<>", "d"})
    Put("/bucket/" + http::PercentEncode(name), "x");
  const std::string all = BodyOf(Get("/bucket"));
  EXPECT_THAT(all, HasSubstr("<Key>c&amp;&lt;&gt;</Key>"));
  EXPECT_EQ(Between(all, "IsTruncated"), "false");
  const std::string first = BodyOf(Get("/bucket/?delimiter=/&max-keys=2"));
  EXPECT_EQ(Between(first, "NextMarker"), "b/");
  const std::string second = BodyOf(Get("/bucket/?delimiter=/&max-keys=2&marker=b/"));
  EXPECT_THAT(second, testing::Not(HasSubstr("b/1")));
  EXPECT_THAT(second, HasSubstr("<Key>d</Key>"));
  const std::string page = BodyOf(Get("/bucket?list-type=2&max-keys=3&encoding-type=url"));
  EXPECT_EQ(Between(page, "KeyCount"), "3");
  const std::string token = Between(page, "NextContinuationToken");
  const std::string rest = BodyOf(Get("/bucket?list-type=2&encoding-type=url&continuation-token=" +
                                      http::PercentEncode(token)));
  EXPECT_EQ(Between(rest, "KeyCount"), "2");
  EXPECT_EQ(Between(rest, "Key"), "c%26%3C%3E");
  EXPECT_EQ(Between(BodyOf(Get("/bucket?list-type=2&start-after=c%26%3C%3E")), "Key"), "d");
}

TEST_F(XmlApi, Multipart) {
  MakeApiBucket();
  const std::string started = BodyOf(Post("/bucket/big?uploads", "", {{"Content-Type", "a/b"}}));
  const std::string id = Between(started, "UploadId");
  const std::string with_id = "&uploadId=" + id;
  const std::string first(5u << 20, 'a');
  const std::string etag1 = HeaderOf(Put("/bucket/big?partNumber=1" + with_id, first), "ETag");
  const std::string etag2 = HeaderOf(Put("/bucket/big?partNumber=2" + with_id, "end"), "ETag");
  EXPECT_EQ(CodeOf(Put("/bucket/big?partNumber=0" + with_id, "x")), "400 InvalidArgument");
  EXPECT_EQ(CodeOf(Put("/bucket/big?partNumber=1&uploadId=none", "x")), "404 NoSuchUpload");
  EXPECT_EQ(CodeOf(Put("/bucket/big?partNumber=3" + with_id, "x",
                       {{"Content-MD5", "XUFAKrxLKna5cZ2REBfFkg=="}})),
            "400 BadDigest");
  EXPECT_THAT(BodyOf(Get("/bucket/big?uploadId=" + id)), HasSubstr("<PartNumber>2</PartNumber>"));
  EXPECT_THAT(BodyOf(Get("/bucket?uploads")), HasSubstr("<UploadId>" + id + "</UploadId>"));
  EXPECT_EQ(CodeOf(Post("/bucket/big?uploadId=" + id, "<oops")), "400 MalformedXML");
  const auto complete = [](const std::string& a, const std::string& b) {
    return "<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>" + a +
           "</ETag></Part><Part><PartNumber>2</PartNumber><ETag>" + b +
           "</ETag></Part></CompleteMultipartUpload>";
  };
  EXPECT_EQ(Post("/bucket/big?uploadId=" + id, complete(etag2, etag1)).status, 400);
  const http::Response done = Post("/bucket/big?uploadId=" + id, complete(etag1, etag2));
  EXPECT_EQ(done.status, 200) << BodyOf(done);
  EXPECT_EQ(BodyOf(Get("/bucket/big")), first + "end");
  EXPECT_EQ(HeaderOf(Get("/bucket/big"), "Content-Type"), "a/b");
  const std::string other = Between(BodyOf(Post("/bucket/y?uploads")), "UploadId");
  EXPECT_EQ(Delete("/bucket/y?uploadId=" + other).status, 204);
  EXPECT_EQ(CodeOf(Delete("/bucket/y?uploadId=" + other)), "404 NoSuchUpload");
}

TEST_F(XmlApi, ResumableUploads) {
  MakeApiBucket();
  const http::Response started =
      Post("/bucket/r%2Fx", "", {{"x-goog-resumable", "start"}, {"Content-Type", "a/b"}});
  EXPECT_EQ(started.status, 201);
  const std::string location = HeaderOf(started, "Location");
  EXPECT_THAT(location, testing::StartsWith("http://127.0.0.1:8080/bucket/r%2Fx?upload_id="));
  const std::string session = location.substr(21);
  const http::Response status = Put(session, "", {{"Content-Range", "bytes */*"}});
  EXPECT_EQ(status.status, 308);
  const http::Response done = Put(session, "bytes");
  EXPECT_EQ(done.status, 200);
  EXPECT_EQ(BodyOf(Get("/bucket/r/x")), "bytes");
  EXPECT_EQ(HeaderOf(Get("/bucket/r/x"), "Content-Type"), "a/b");
}

TEST_F(XmlApi, DeletesMany) {
  MakeApiBucket();
  Put("/bucket/a", "1");
  const std::string answer = BodyOf(Post("/bucket?delete",
                                         "<Delete><Object><Key>a</Key></Object>"
                                         "<Object><Key>absent</Key></Object></Delete>"));
  EXPECT_THAT(answer, HasSubstr("<Deleted><Key>absent</Key></Deleted>"));
  EXPECT_EQ(Get("/bucket/a").status, 404);
}

TEST_F(XmlApi, AnyNameIsJustAName) {
  MakeApiBucket();
  for (const std::string name : {"a", "a/b", "a/../b", "..", "//", "/", "a/", "%2F", "€😀", "?"}) {
    for (const std::string kept : {"", "/"}) {
      const std::string url = "/bucket/" + http::PercentEncode(name, kept);
      ASSERT_EQ(Put(url, name + kept).status, 200) << url;
      ASSERT_EQ(BodyOf(Get(url)), name + kept) << url;
    }
    ASSERT_EQ(Download(name), name + "/");
  }
}

TEST(XmlBodies, RefuseWhatIsMalformed) {
  std::string deep;
  for (int i = 0; i < 100'000; ++i) deep += "<a>";
  for (const std::string& text :
       {std::string(), std::string("<CompleteMultipartUpload/>"), std::string("<Other/>"), deep,
        std::string("<CompleteMultipartUpload><Part/></CompleteMultipartUpload>"),
        std::string("<CompleteMultipartUpload><Part><PartNumber>10001</PartNumber></Part>"
                    "</CompleteMultipartUpload>"),
        std::string("<CompleteMultipartUpload>\xff</CompleteMultipartUpload>")})
    EXPECT_FALSE(ParseCompleteBody(text).ok());
  EXPECT_FALSE(ParseDeleteBody("<Delete/>").ok());
}

}  // namespace
}  // namespace caudal::api::gcs
