// The whole API over a real store, without sockets: for tests.
#pragma once

#include <gmock/gmock.h>

#include "api/gcs/routes.h"
#include "data/json.h"
#include "objects/store_fixture.h"

namespace caudal::api::gcs {

class ApiFixture : public objects::StoreFixture {
 protected:
  using Fields = std::vector<std::pair<std::string, std::string>>;

  void SetUp() override {
    objects::StoreFixture::SetUp();
    Route();
  }
  // As after a restart.
  void ReopenApi() {
    Reopen();
    Route();
  }
  void Route() {
    router_ = http::Router();
    AddRoutes(router_, {*store_,
                        *outbox_,
                        random_,
                        [](const std::string& topic) { return topic == "projects/p/topics/t"; },
                        {}});
    router_.SetAuthorizer(
        [this](const http::Request& request, std::string_view action) -> Result<http::Principal> {
          actions_.emplace_back(action);
          if (required_token_.empty() || request.headers.Get("Authorization") == required_token_)
            return http::Principal{"tester", true, {}, {}};
          return MakeError(ErrorKind::kUnauthenticated, "no token");
        });
  }

  static http::Request Make(http::Method method, const std::string& target,
                            const std::string& body = {}, const Fields& headers = {}) {
    http::Request request;
    request.method = method;
    request.target = target;
    const size_t question = target.find('?');
    request.path = target.substr(0, question);
    if (question != std::string::npos) request.raw_query = target.substr(question + 1);
    request.query = http::Parameters::Parse(request.raw_query);
    for (const auto& [name, value] : headers) request.headers.Add(name, value);
    request.body = body;
    request.content_length = body.size();
    request.base_url = "http://127.0.0.1:8080";
    return request;
  }

  http::Response Send(http::Method method, const std::string& target, const std::string& body = {},
                      const Fields& headers = {}) {
    http::Request request = Make(method, target, body, headers);
    return router_.Handle(request);
  }
  http::Response Get(const std::string& target, const Fields& headers = {}) {
    return Send(http::Method::kGet, target, {}, headers);
  }
  http::Response Post(const std::string& target, const std::string& body = {},
                      const Fields& headers = {}) {
    return Send(http::Method::kPost, target, body, headers);
  }
  http::Response Put(const std::string& target, const std::string& body = {},
                     const Fields& headers = {}) {
    return Send(http::Method::kPut, target, body, headers);
  }
  http::Response Patch(const std::string& target, const std::string& body) {
    return Send(http::Method::kPatch, target, body);
  }
  http::Response Delete(const std::string& target, const Fields& headers = {}) {
    return Send(http::Method::kDelete, target, {}, headers);
  }

  void MakeApiBucket(const std::string& extra = {}) {
    ASSERT_EQ(Post("/storage/v1/b?project=p", R"({"name":"bucket")" + extra + "}").status, 200);
  }
  Json Upload(const std::string& name, const std::string& bytes, const std::string& query = {}) {
    const http::Response response = Post(
        "/upload/storage/v1/b/bucket/o?uploadType=media&name=" + http::PercentEncode(name) + query,
        bytes, {{"Content-Type", "text/plain"}});
    EXPECT_EQ(response.status, 200) << BodyOf(response);
    return JsonOf(response);
  }
  std::string Download(const std::string& name) {
    return BodyOf(Get("/storage/v1/b/bucket/o/" + http::PercentEncode(name) + "?alt=media"));
  }

  static std::string BodyOf(const http::Response& response) {
    if (const auto* text = std::get_if<std::string>(&response.body)) return *text;
    if (const auto* file = std::get_if<http::FileBody>(&response.body)) {
      std::string bytes(file->length, '\0');
      EXPECT_EQ(file->file->ReadAt(file->offset, bytes.data(), bytes.size()).value(), bytes.size());
      return bytes;
    }
    std::string bytes;
    const auto& stream = std::get<http::StreamBody>(response.body);
    while (true) {
      Result<http::StreamBody::Piece> piece = stream.next();
      if (!piece.ok()) return "error: " + piece.error().message;
      bytes += piece->bytes;
      if (piece->last) return bytes;
    }
  }
  static Json JsonOf(const http::Response& response) {
    return Json::parse(BodyOf(response), nullptr, false);
  }
  static std::string HeaderOf(const http::Response& response, const char* name) {
    return std::string(response.headers.Get(name).value_or("(none)"));
  }
  static std::string ReasonOf(const http::Response& response) {
    const Json json = JsonOf(response);
    if (!json.is_object() || !json.contains("error")) return "(none)";
    return std::to_string(json["error"]["code"].get<int>()) + " " +
           json["error"]["errors"][0]["reason"].get<std::string>();
  }

  http::Router router_;
  std::string required_token_;
  std::vector<std::string> actions_;
};

}  // namespace caudal::api::gcs
