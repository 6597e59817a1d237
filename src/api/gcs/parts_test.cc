// The pieces of the translation, each alone.
#include <gmock/gmock.h>

#include "api/gcs/batch.h"
#include "api/gcs/conditions.h"
#include "api/gcs/fields.h"
#include "api/gcs/multipart.h"
#include "api/gcs/ranges.h"
#include "api/gcs/transcoding.h"
#include "objects/resource.h"

namespace caudal::api::gcs {
namespace {

std::string Filtered(const char* selector, const char* json) {
  return DumpJson(Fields::Parse(selector).value().Filter(Json::parse(json)));
}

TEST(Fields, KeepsWhatIsNamed) {
  const char* list = R"({"items":[{"id":1,"name":"a","m":{"x":1,"y":2}},{"name":"b"}],"next":"t"})";
  EXPECT_EQ(Filtered("next", list), R"({"next":"t"})");
  EXPECT_EQ(Filtered("items(name),next", list),
            R"({"items":[{"name":"a"},{"name":"b"}],"next":"t"})");
  EXPECT_EQ(Filtered("items/name", list), R"({"items":[{"name":"a"},{"name":"b"}]})");
  EXPECT_EQ(Filtered("items(id,m/x)", list), R"({"items":[{"id":1,"m":{"x":1}}]})");
  EXPECT_EQ(Filtered("items/*", list), Filtered("items", list));
  EXPECT_EQ(Filtered("*/name", list), R"({"items":[{"name":"a"},{"name":"b"}]})");
  EXPECT_EQ(Filtered("*", list), Json::parse(list).dump());
  EXPECT_EQ(Filtered("", list), Json::parse(list).dump());
  EXPECT_EQ(Filtered("absent, next", list), R"({"next":"t"})");
  EXPECT_EQ(Filtered("items/id,items/name", list),
            R"({"items":[{"id":1,"name":"a"},{"name":"b"}]})");
}

TEST(Fields, RefusesWhatIsMalformed) {
  for (const std::string text : {"a(", "a(b", "a)", ",", "a,", "a//b", "a(b))", "(a)", "a b"})
    EXPECT_FALSE(Fields::Parse(text).ok()) << text;
  std::string deep;
  for (int i = 0; i < 100; ++i) deep += "a(";
  EXPECT_FALSE(Fields::Parse(deep).ok());
  EXPECT_FALSE(Fields::Parse(std::string(5000, 'a')).ok());
}

std::string Ranged(const char* header, uint64_t size) {
  const auto range = ParseRange(header, size);
  if (!range.ok()) return "416";
  if (!*range) return "whole";
  return std::to_string((*range)->offset) + "+" + std::to_string((*range)->length);
}

TEST(Ranges, OfReads) {
  EXPECT_EQ(Ranged("bytes=0-9", 100), "0+10");
  EXPECT_EQ(Ranged("bytes=90-200", 100), "90+10");
  EXPECT_EQ(Ranged("bytes=90-", 100), "90+10");
  EXPECT_EQ(Ranged("bytes=-10", 100), "90+10");
  EXPECT_EQ(Ranged("bytes=-1000", 100), "0+100");
  EXPECT_EQ(Ranged("bytes=100-", 100), "416");
  EXPECT_EQ(Ranged("bytes=-0", 100), "416");
  EXPECT_EQ(Ranged("bytes=0-", 0), "416");
  for (const char* whole : {"bytes=5-1", "bytes=0-1,3-4", "lines=0-1", "bytes=a-b",
                            "bytes=", "bytes=99999999999999999999-"})
    EXPECT_EQ(Ranged(whole, 100), "whole") << whole;
}

TEST(Ranges, OfUploads) {
  const auto chunk = ParseUploadRange("bytes 0-9/20").value();
  EXPECT_TRUE(chunk.has_bytes);
  EXPECT_EQ(chunk.first, 0u);
  EXPECT_EQ(chunk.last, 9u);
  EXPECT_EQ(chunk.total, 20u);
  EXPECT_FALSE(ParseUploadRange("bytes */*").value().total);
  EXPECT_FALSE(ParseUploadRange("bytes */5").value().has_bytes);
  const auto open = ParseUploadRange("bytes 7-*/*").value();
  EXPECT_EQ(open.first, 7u);
  EXPECT_FALSE(open.last);
  for (const char* bad : {"", "bytes", "bytes 0-9", "bytes 9-0/20", "bytes 0-20/20", "bytes -5/9",
                          "bytes x-y/z", "0-9/20", "bytes 0-9/99999999999999999999"})
    EXPECT_FALSE(ParseUploadRange(bad).ok()) << bad;
}

class Recorder : public PartSink {
 public:
  Result<void> OnPart(http::Headers headers) override {
    parts.emplace_back(std::string(headers.Get("Content-Type").value_or("-")), "");
    return {};
  }
  Result<void> OnBytes(std::string_view bytes) override {
    parts.back().second += bytes;
    return {};
  }
  Result<void> OnPartEnd() override {
    ++ended;
    return {};
  }
  std::vector<std::pair<std::string, std::string>> parts;
  size_t ended = 0;
};

// However the bytes are cut.
void ExpectParts(const std::string& body,
                 const std::vector<std::pair<std::string, std::string>>& wanted) {
  for (size_t piece = 1; piece <= body.size(); ++piece) {
    Recorder recorder;
    MultipartParser parser("B", recorder);
    for (size_t at = 0; at < body.size(); at += piece)
      ASSERT_TRUE(parser.Feed(std::string_view(body).substr(at, piece)).ok());
    ASSERT_TRUE(parser.Finish().ok()) << piece;
    ASSERT_EQ(recorder.parts, wanted) << piece;
    ASSERT_EQ(recorder.ended, wanted.size());
  }
}

TEST(Multipart, TakesPartsWhereverTheyAreCut) {
  ExpectParts(
      "--B\r\nContent-Type: a\r\n\r\n{}\r\n--B\r\nContent-Type: b\r\n\r\nx\r\n\r\n--B--\r\n",
      {{"a", "{}"}, {"b", "x\r\n"}});
  ExpectParts("preamble\r\n--B  \r\n\r\n\r\n--B\r\n\r\n--Bogus\r\n-\n--B\r\n--B--",
              {{"-", ""}, {"-", "--Bogus\r\n-\n--B"}});
  ExpectParts("--B\r\nContent-Type: a\r\n\r\n--B--", {{"a", ""}});
}

TEST(Multipart, BareLineFeedsKeepACarriageReturnInTheBytes) {
  ExpectParts("\n--B\nContent-Type: a\n\n{}\n--B\nContent-Type: b\n\nend\r\n--B--",
              {{"a", "{}"}, {"b", "end\r"}});
}

TEST(Multipart, RefusesWhatIsMalformed) {
  for (const std::string body :
       {"", "--B\r\n\r\nx", "--B--", "no boundary", "--B\r\nbad header\r\n\r\nx\r\n--B--"}) {
    Recorder recorder;
    MultipartParser parser("B", recorder);
    const Result<void> fed = parser.Feed(body);
    EXPECT_FALSE(fed.ok() && parser.Finish().ok()) << body;
  }
  Recorder recorder;
  MultipartParser parser("B", recorder);
  EXPECT_FALSE(parser.Feed(std::string(100'000, 'x')).ok());
}

TEST(Multipart, FindsTheBoundary) {
  EXPECT_EQ(BoundaryOf("multipart/related; boundary=abc").value(), "abc");
  EXPECT_EQ(BoundaryOf("multipart/related; boundary=\"==0==\"").value(), "==0==");
  EXPECT_EQ(BoundaryOf("Multipart/Mixed; type=x; BOUNDARY='q'").value(), "q");
  for (const char* bad : {"", "text/plain; boundary=a", "multipart/related",
                          "multipart/related; boundary=", "multipart/related; boundary=\"open"})
    EXPECT_FALSE(BoundaryOf(bad).ok()) << bad;
}

TEST(BatchParser, ReadsCallsOfBothLineEnds) {
  for (const std::string eol : {"\r\n", "\n"}) {
    std::string body;
    for (const char* line :
         {"--B", "Content-Type: application/http", "Content-ID: <x+1>", "",
          "PATCH http://h:1/storage/v1/b/x/o/a%2Fb?q=1 HTTP/1.1", "Content-Type: application/json",
          "Content-Length: 7", "", "{\"a\":1}", "--B", "Content-Type: application/http", "",
          "DELETE /b/x/o/a/b HTTP/1.1", "", "--B--"})
      body += line + eol;
    const std::vector<BatchCall> calls = ParseBatch("B", body, 10).value();
    ASSERT_EQ(calls.size(), 2u);
    EXPECT_EQ(calls[0].content_id, "<x+1>");
    EXPECT_EQ(calls[0].request.method, http::Method::kPatch);
    EXPECT_EQ(calls[0].request.path, "/storage/v1/b/x/o/a%2Fb");
    EXPECT_EQ(calls[0].request.query.Get("q"), "1");
    EXPECT_EQ(calls[0].request.body, "{\"a\":1}");
    EXPECT_EQ(calls[1].request.path, "/b/x/o/a/b");
    EXPECT_FALSE(ParseBatch("B", body, 1).ok());
  }
  EXPECT_FALSE(ParseBatch("B", "--B\r\n\r\nnonsense\r\n--B--", 1).ok());
  EXPECT_FALSE(ParseBatch("B", "--B\r\n\r\nGET nowhere HTTP/1.1\r\n--B--", 1).ok());
}

TEST(Etags, SayGenerationAndMetageneration) {
  objects::Object object;
  object.generation = 1'700'000'000'123'456;
  object.metageneration = 300;
  EXPECT_EQ(ParseEtag(objects::EtagOf(object)),
            std::pair(object.generation, object.metageneration));
  EXPECT_EQ(ParseEtag('"' + objects::EtagOf(object) + '"')->second, 300);
  for (const char* other : {"", "*", "d41d8cd98f00b204e9800998ecf8427e", "CA=="})
    EXPECT_FALSE(ParseEtag(other)) << other;
}

TEST(Gzip, WhoTakesIt) {
  const auto accepts = [](const char* value) {
    http::Request request;
    request.headers.Add("Accept-Encoding", value);
    return AcceptsGzip(request);
  };
  EXPECT_TRUE(accepts("gzip"));
  EXPECT_TRUE(accepts("deflate, GZIP;q=0.5"));
  EXPECT_TRUE(accepts("*"));
  EXPECT_FALSE(accepts("identity"));
  EXPECT_FALSE(accepts("gzip;q=0, identity"));
  EXPECT_FALSE(accepts("gzip;q=0.000"));
  EXPECT_FALSE(AcceptsGzip(http::Request{}));
}

}  // namespace
}  // namespace caudal::api::gcs
