// Uploads and gzip through the JSON API.
#include <zlib.h>

#include "api/gcs/api_fixture.h"

namespace caudal::api::gcs {
namespace {

constexpr size_t kUnit = 256u << 10;

std::string Gzipped(const std::string& bytes) {
  z_stream z{};
  deflateInit2(&z, 9, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY);
  std::string out(deflateBound(&z, bytes.size()) + 64, '\0');
  z.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  z.avail_in = static_cast<uInt>(bytes.size());
  z.next_out = reinterpret_cast<Bytef*>(out.data());
  z.avail_out = static_cast<uInt>(out.size());
  deflate(&z, Z_FINISH);
  out.resize(z.total_out);
  deflateEnd(&z);
  return out;
}

class Uploads : public ApiFixture {
 protected:
  void SetUp() override {
    ApiFixture::SetUp();
    MakeApiBucket();
  }

  // The path and query of a new session.
  std::string StartUpload(const std::string& resource = R"({"name":"x"})",
                          const std::string& query = {}, const Fields& headers = {}) {
    const http::Response response =
        Post("/upload/storage/v1/b/bucket/o?uploadType=resumable" + query, resource, headers);
    EXPECT_EQ(response.status, 200) << BodyOf(response);
    const std::string location = HeaderOf(response, "Location");
    EXPECT_THAT(location,
                testing::StartsWith("http://127.0.0.1:8080/upload/storage/v1/b/bucket/o?"));
    return location.substr(std::string("http://127.0.0.1:8080").size());
  }
  std::string Chunk(const std::string& session, const std::string& range, const std::string& bytes,
                    const Fields& more = {}) {
    Fields headers = more;
    headers.emplace_back("Content-Range", range);
    const http::Response response = Put(session, bytes, headers);
    return std::to_string(response.status) + " " + HeaderOf(response, "Range");
  }
};

TEST_F(Uploads, Multipart) {
  const std::string body =
      "--==0==\nContent-Type: application/json; charset=UTF-8\n\n"
      "{\"name\":\"m\",\"metadata\":{\"k\":\"v\"},\"crc32c\":\"mnG7TA==\"}\n--==0==\n"
      "Content-Type: a/b\n\nhello\n--==0==--";
  const Fields headers = {{"Content-Type", "multipart/related; boundary=\"==0==\""}};
  const std::string url = "/upload/storage/v1/b/bucket/o?uploadType=multipart";
  const Json object = JsonOf(Post(url, body, headers));
  EXPECT_EQ(object["name"], "m");
  EXPECT_EQ(object["contentType"], "a/b");
  EXPECT_EQ(object["metadata"]["k"], "v");
  EXPECT_EQ(Download("m"), "hello");
  std::string wrong = body;
  wrong.replace(wrong.find("hello"), 5, "jello");
  EXPECT_EQ(ReasonOf(Post(url, wrong, headers)), "400 invalid");
  EXPECT_EQ(Download("m"), "hello");
  EXPECT_EQ(ReasonOf(Post(url, body.substr(0, body.size() - 10), headers)), "400 invalid");
  EXPECT_EQ(ReasonOf(Post(url, "--==0==\n\n{}\n--==0==--", headers)), "400 invalid");
  EXPECT_EQ(ReasonOf(Post(url, "--==0==\n\n[\n--==0==\n\nx\n--==0==--", headers)), "400 invalid");
  EXPECT_EQ(ReasonOf(Post(url, body, {{"Content-Type", "multipart/related"}})), "400 invalid");
  EXPECT_EQ(ReasonOf(Post("/upload/storage/v1/b/bucket/o?uploadType=odd", "")), "400 invalid");
  EXPECT_EQ(ReasonOf(Post("/upload/storage/v1/b/absent/o?uploadType=media&name=x", "")),
            "404 notFound");
}

TEST_F(Uploads, ALargeMultipartFlows) {
  const std::string bytes = random_.Hex(400'000);
  const std::string body = "--B\r\n\r\n{\"name\":\"large\"}\r\n--B\r\nContent-Type: a/b\r\n\r\n" +
                           bytes + "\r\n--B--\r\n";
  EXPECT_EQ(Post("/upload/storage/v1/b/bucket/o?uploadType=multipart", body,
                 {{"Content-Type", "multipart/related; boundary=B"}})
                .status,
            200);
  EXPECT_EQ(Download("large"), bytes);
}

TEST_F(Uploads, ChecksumsThatCameAreChecked) {
  const std::string url = "/upload/storage/v1/b/bucket/o?uploadType=media&name=x";
  EXPECT_EQ(
      Post(url, "hello", {{"X-Goog-Hash", "crc32c=mnG7TA==, md5=XUFAKrxLKna5cZ2REBfFkg=="}}).status,
      200);
  for (const Fields& wrong : std::vector<Fields>{{{"X-Goog-Hash", "crc32c=AAAAAA=="}},
                                                 {{"Content-MD5", "AAAAAAAAAAAAAAAAAAAAAA=="}},
                                                 {{"X-Goog-Hash", "md5=nonsense"}}})
    EXPECT_EQ(ReasonOf(Post(url, "changed", wrong)), "400 invalid");
  EXPECT_EQ(Download("x"), "hello");
}

TEST_F(Uploads, ResumableInChunks) {
  const std::string bytes = random_.Hex(kUnit + 50);  // 2 units and 100 bytes
  const std::string session =
      StartUpload(R"({"name":"x","metadata":{"k":"v"}})", "", {{"X-Upload-Content-Type", "a/b"}});
  EXPECT_EQ(Chunk(session, "bytes */*", ""), "308 (none)");
  EXPECT_EQ(Chunk(session, "bytes 0-262143/*", bytes.substr(0, kUnit)), "308 bytes=0-262143");
  EXPECT_EQ(Get("/b/bucket/o/x").status, 404);
  EXPECT_EQ(Chunk(session, "bytes */*", ""), "308 bytes=0-262143");
  EXPECT_EQ(Chunk(session, "bytes */524388", ""), "308 bytes=0-262143");
  // Not a multiple of 256 KiB.
  EXPECT_EQ(Chunk(session, "bytes 262144-262243/*", bytes.substr(kUnit, 100)), "400 (none)");
  // Sent again, with more: what is there is skipped.
  EXPECT_EQ(Chunk(session, "bytes 0-524287/*", bytes.substr(0, 2 * kUnit)), "308 bytes=0-524287");
  // Too far ahead.
  EXPECT_EQ(Chunk(session, "bytes 786432-1048575/*", std::string(kUnit, 'x')),
            "308 bytes=0-524287");
  ReopenApi();
  const http::Response done =
      Post(session, bytes.substr(2 * kUnit), {{"Content-Range", "bytes 524288-524387/524388"}});
  EXPECT_EQ(done.status, 200);
  EXPECT_EQ(HeaderOf(done, "Range"), "(none)");
  EXPECT_EQ(JsonOf(done)["contentType"], "a/b");
  EXPECT_EQ(JsonOf(done)["metadata"]["k"], "v");
  EXPECT_EQ(Download("x"), bytes);
  // The answer was lost: the same again, and a question.
  EXPECT_EQ(JsonOf(Put(session, bytes.substr(2 * kUnit),
                       {{"Content-Range", "bytes 524288-524387/524388"}}))["size"],
            "524388");
  EXPECT_EQ(Chunk(session, "bytes */*", ""), "200 (none)");
}

TEST_F(Uploads, ResumableEndings) {
  EXPECT_EQ(Chunk(StartUpload(R"({"name":"empty"})"), "bytes */0", ""), "200 (none)");
  EXPECT_EQ(Download("empty"), "");
  EXPECT_EQ(Put(StartUpload(R"({"name":"whole"})"), "all at once").status, 200);
  EXPECT_EQ(Download("whole"), "all at once");
  EXPECT_EQ(Chunk(StartUpload(R"({"name":"open"})"), "bytes 0-*/*", "to the end"), "200 (none)");
  EXPECT_EQ(Download("open"), "to the end");
  const std::string known = StartUpload(R"({"name":"known"})");
  EXPECT_EQ(Chunk(known, "bytes 0-*/10", "12345"), "308 bytes=0-4");
  EXPECT_EQ(Chunk(known, "bytes 5-*/10", "67890"), "200 (none)");
  EXPECT_EQ(Download("known"), "1234567890");
  const std::string session = StartUpload(R"({"name":"unit"})");
  EXPECT_EQ(Chunk(session, "bytes 0-262143/*", std::string(kUnit, 'a')), "308 bytes=0-262143");
  EXPECT_EQ(Chunk(session, "bytes */262144", ""), "200 (none)");
}

TEST_F(Uploads, ResumableMistakes) {
  const std::string session = StartUpload();
  EXPECT_EQ(Chunk(session, "nonsense", "x"), "400 (none)");
  EXPECT_EQ(Chunk(session, "bytes 0-9/10", "short"), "400 (none)");
  EXPECT_EQ(Chunk(session, "bytes 0-2/3", "too long"), "400 (none)");
  EXPECT_EQ(Put("/upload/storage/v1/b/bucket/o?uploadType=resumable&upload_id=none", "x").status,
            404);
  EXPECT_EQ(Put("/upload/storage/v1/b/bucket/o?uploadType=resumable", "x").status, 400);
  EXPECT_EQ(Delete(session).status, 499);
  EXPECT_EQ(Chunk(session, "bytes */*", ""), "404 (none)");
  const std::string sized = StartUpload(R"({"name":"s"})", "", {{"X-Upload-Content-Length", "5"}});
  EXPECT_EQ(Put(sized, "123456").status, 400);
  EXPECT_EQ(Get("/b/bucket/o/s").status, 404);
  EXPECT_EQ(Post("/upload/storage/v1/b/bucket/o?uploadType=resumable", "{}").status, 400);
}

TEST_F(Uploads, ResumableCarriesItsConditions) {
  const std::string session = StartUpload(R"({"name":"x"})", "&ifGenerationMatch=0");
  Upload("x", "first");
  EXPECT_EQ(Put(session, "second").status, 412);
  EXPECT_EQ(Download("x"), "first");
  EXPECT_EQ(Post("/upload/storage/v1/b/bucket/o?uploadType=resumable&ifGenerationMatch=0",
                 R"({"name":"x"})")
                .status,
            412);
}

TEST_F(Uploads, ChecksumsOfTheLastChunkAreChecked) {
  const std::string session = StartUpload();
  EXPECT_EQ(Chunk(session, "bytes 0-4/5", "hello", {{"x-goog-hash", "crc32c=AAAAAA=="}}),
            "400 (none)");
  EXPECT_EQ(Get("/b/bucket/o/x").status, 404);
  EXPECT_EQ(Chunk(StartUpload(), "bytes 0-4/5", "hello", {{"x-goog-hash", "crc32c=mnG7TA=="}}),
            "200 (none)");
}

TEST_F(Uploads, GosClientGets200For308) {
  const http::Response response =
      Put(StartUpload(), std::string(kUnit, 'x'),
          {{"Content-Range", "bytes 0-262143/*"}, {"X-Guploader-No-308", "yes"}});
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(HeaderOf(response, "X-Http-Status-Code-Override"), "308");
  EXPECT_EQ(HeaderOf(response, "Range"), "bytes=0-262143");
}

TEST_F(Uploads, BeamsPathWorks) {
  const http::Response response =
      Post("/resumable/upload/storage/v1/b/bucket/o?uploadType=resumable&name=beam", "{}");
  EXPECT_THAT(HeaderOf(response, "Location"),
              testing::HasSubstr("/resumable/upload/storage/v1/b/bucket/o?"));
}

TEST_F(Uploads, GzipIsUndoneForWhoDoesNotTakeIt) {
  std::string text;
  for (int i = 0; i < 50'000; ++i) text += "line " + std::to_string(i) + "\n";
  const std::string packed = Gzipped(text);
  Upload("z", packed, "&contentEncoding=gzip");
  const std::string url = "/b/bucket/o/z?alt=media";
  const http::Response plain = Get(url);
  EXPECT_EQ(BodyOf(plain), text);
  EXPECT_EQ(HeaderOf(plain, "Content-Encoding"), "(none)");
  EXPECT_EQ(HeaderOf(plain, "x-goog-stored-content-encoding"), "gzip");
  EXPECT_EQ(HeaderOf(plain, "x-goog-stored-content-length"), std::to_string(packed.size()));
  EXPECT_EQ(BodyOf(Get(url, {{"Range", "bytes=0-5"}})), text);
  const http::Response stored = Get(url, {{"Accept-Encoding", "gzip, deflate"}});
  EXPECT_EQ(BodyOf(stored), packed);
  EXPECT_EQ(HeaderOf(stored, "Content-Encoding"), "gzip");
  EXPECT_EQ(Get(url, {{"Accept-Encoding", "gzip"}, {"Range", "bytes=0-5"}}).status, 206);
  Patch("/b/bucket/o/z", R"({"cacheControl":"no-transform"})");
  EXPECT_EQ(BodyOf(Get(url)), packed);
  Upload("two", Gzipped("a") + Gzipped("b"), "&contentEncoding=gzip");
  EXPECT_EQ(Download("two"), "ab");
  Upload("fake", "not gzip", "&contentEncoding=gzip");
  EXPECT_THAT(Download("fake"), testing::StartsWith("error: "));
  Upload("cut", packed.substr(0, packed.size() / 2), "&contentEncoding=gzip");
  EXPECT_THAT(Download("cut"), testing::StartsWith("error: "));
}

TEST_F(Uploads, CompressedJsonBodiesAreTakenWithinLimits) {
  const Fields gzip = {{"Content-Encoding", "gzip"}};
  EXPECT_EQ(Post("/b", Gzipped(R"({"name":"packed"})"), gzip).status, 200);
  EXPECT_EQ(Post("/b", Gzipped(std::string(50u << 20, ' ')), gzip).status, 413);
  EXPECT_EQ(ReasonOf(Post("/b", "not gzip", gzip)), "400 invalid");
  EXPECT_EQ(ReasonOf(Post("/b", "{}", {{"Content-Encoding", "br"}})), "400 invalid");
}

}  // namespace
}  // namespace caudal::api::gcs
