#include "http/router.h"

#include <gtest/gtest.h>

namespace caudal::http {
namespace {

Handler Says(std::string text) {
  return [text](Request& request) -> Result<Response> {
    std::string out = text;
    for (const auto& [name, value] : request.path_parameters) {
      out += " " + std::string(name) + "=" + value;
    }
    return Response::Text(200, out);
  };
}

Request Make(Method method, std::string path) {
  Request out;
  out.method = method;
  out.path = std::move(path);
  out.target = out.path;
  return out;
}

class RouterTest : public testing::Test {
 protected:
  void Add(Method method, std::string pattern) {
    Route route;
    route.method = method;
    route.action = "test";
    route.handler = Says(pattern);
    route.pattern = std::move(pattern);
    router_.Add(std::move(route));
  }
  std::string Body(Method method, std::string path) {
    Request request = Make(method, std::move(path));
    const Response response = router_.Handle(request);
    if (response.status != 200) return std::to_string(response.status);
    return std::get<std::string>(response.body);
  }
  Router router_;
};

TEST_F(RouterTest, LiteralsWinOverSegmentsOverRests) {
  Add(Method::kGet, "/");
  Add(Method::kGet, "/{bucket}");
  Add(Method::kGet, "/{bucket}/{object*}");
  Add(Method::kGet, "/storage/v1/b/{bucket}/o/{object}");
  Add(Method::kGet, "/storage/v1/b/{b}/o/special");
  Add(Method::kPost, "/storage/v1/b/{other}/o/{name}");
  EXPECT_EQ(Body(Method::kGet, "/"), "/");
  EXPECT_EQ(Body(Method::kGet, "/x"), "/{bucket} bucket=x");
  EXPECT_EQ(Body(Method::kGet, "/x/"), "/{bucket}/{object*} bucket=x object=");
  EXPECT_EQ(Body(Method::kGet, "/x/a/../b//c"), "/{bucket}/{object*} bucket=x object=a/../b//c");
  EXPECT_EQ(Body(Method::kGet, "/storage/v1/b/k/o/a%2Fb%20"),
            "/storage/v1/b/{bucket}/o/{object} bucket=k object=a/b ");
  EXPECT_EQ(Body(Method::kGet, "/storage/v1/b/k/o/special"), "/storage/v1/b/{b}/o/special b=k");
  EXPECT_EQ(Body(Method::kPost, "/storage/v1/b/k/o/n"),
            "/storage/v1/b/{other}/o/{name} other=k name=n");
  // No such path below /storage: the walk goes back to the captures.
  EXPECT_EQ(Body(Method::kGet, "/storage"), "/{bucket} bucket=storage");
  EXPECT_EQ(Body(Method::kGet, "/storage/v1/b/k/zzz"),
            "/{bucket}/{object*} bucket=storage object=v1/b/k/zzz");
  EXPECT_EQ(Body(Method::kGet, "/storage/v1/b//o/x"),
            "/storage/v1/b/{bucket}/o/{object} bucket= object=x");
}

TEST_F(RouterTest, MethodsOfAPath) {
  Add(Method::kGet, "/a/{x}");
  Add(Method::kDelete, "/a/{x}");
  Request request = Make(Method::kPut, "/a/1");
  const Response response = router_.Handle(request);
  EXPECT_EQ(response.status, 405);
  EXPECT_EQ(response.headers.Get("Allow"), "GET, HEAD, DELETE");
  EXPECT_EQ(Body(Method::kGet, "/b"), "404");
  EXPECT_EQ(Body(Method::kGet, "/a/%zz"), "400");

  Request override_request = Make(Method::kPost, "/a/1");
  override_request.headers.Add("x-http-method-override", "DELETE");
  EXPECT_EQ(router_.Handle(override_request).status, 200);
  EXPECT_EQ(override_request.method, Method::kDelete);
  Request odd = Make(Method::kPost, "/a/1");
  odd.headers.Add("x-http-method-override", "BREW");
  EXPECT_EQ(router_.Handle(odd).status, 400);
}

TEST_F(RouterTest, HeadIsGetWithoutBody) {
  Add(Method::kGet, "/a");
  Request request = Make(Method::kHead, "/a");
  const Response response = router_.Handle(request);
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.headers.Get("Content-Length"), "2");
  EXPECT_EQ(std::get<std::string>(response.body), "");
}

TEST_F(RouterTest, StylesByRouteAndByLongestPrefix) {
  const auto style = [](std::string name) {
    return ApiStyle{name, [name](const Error& error, const Request&) {
                      return Response::Text(StatusOf(error), name);
                    }};
  };
  const ApiStyle plain = style("default");
  const ApiStyle storage = style("storage");
  const ApiStyle own = style("own");
  router_.SetFallback("/storage/", &storage);
  router_.SetFallback("", &plain);
  Route route;
  route.pattern = "/storage/x";
  route.style = &own;
  route.handler = [](Request&) -> Result<Response> {
    return MakeError(ErrorKind::kConflict, "no");
  };
  router_.Add(std::move(route));
  const auto body = [&](std::string path) {
    Request request = Make(Method::kGet, std::move(path));
    return std::get<std::string>(router_.Handle(request).body);
  };
  EXPECT_EQ(body("/storage/x"), "own");
  EXPECT_EQ(body("/storage/y"), "storage");
  EXPECT_EQ(body("/y"), "default");
}

TEST_F(RouterTest, AsksTheAuthorizerBeforeTheHandler) {
  Add(Method::kGet, "/a");
  router_.SetAuthorizer([](const Request& request, std::string_view action) -> Result<Principal> {
    EXPECT_EQ(action, "test");
    if (!request.headers.Get("Authorization")) {
      return MakeError(ErrorKind::kUnauthenticated, "who?");
    }
    return Principal{"me", true, {}, {}};
  });
  EXPECT_EQ(Body(Method::kGet, "/a"), "401");
  Request request = Make(Method::kGet, "/a");
  request.headers.Add("Authorization", "x");
  EXPECT_EQ(router_.Handle(request).status, 200);
  EXPECT_EQ(request.principal.name, "me");
}

class Collect : public BodySink {
 public:
  Result<void> Write(std::string_view bytes) override {
    if (bytes == "bad") return MakeError(ErrorKind::kInvalid, "bad bytes");
    all_ += bytes;
    return {};
  }
  Result<Response> Finish() override { return Response::Text(200, "got " + all_); }

 private:
  std::string all_;
};

TEST_F(RouterTest, FeedsStreamsAndKeepsLimitsAndExceptionsIn) {
  Route stream;
  stream.method = Method::kPost;
  stream.pattern = "/s";
  stream.body_bytes_max = 5;
  stream.handler = StreamHandler(
      [](Request&) -> Result<std::unique_ptr<BodySink>> { return std::make_unique<Collect>(); });
  router_.Add(std::move(stream));
  Route thrower;
  thrower.pattern = "/t";
  thrower.handler = Handler([](Request&) -> Result<Response> { throw std::runtime_error("boom"); });
  router_.Add(std::move(thrower));
  const auto post = [&](std::string body) {
    Request request = Make(Method::kPost, "/s");
    request.body = std::move(body);
    return router_.Handle(request);
  };
  EXPECT_EQ(std::get<std::string>(post("hello").body), "got hello");
  EXPECT_EQ(std::get<std::string>(post("").body), "got ");
  EXPECT_EQ(post("bad").status, 400);
  EXPECT_EQ(post("longer").status, 413);
  EXPECT_EQ(Body(Method::kGet, "/t"), "500");
}

TEST_F(RouterTest, RefusesMalformedAndTakenPatterns) {
  Add(Method::kGet, "/a/{x}");
  for (const char* bad : {"", "a", "/{", "/{}", "/{*}", "/x{y}", "/{a*}/b", "/{a}/{a}", "/a/{y}"}) {
    EXPECT_DEATH(Add(Method::kGet, bad), "route") << bad;
  }
}

}  // namespace
}  // namespace caudal::http
