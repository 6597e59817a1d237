#include "functions/http/http_runner.h"

#include "data/digest.h"
#include "functions/functions_fixture.h"
#include "http/server.h"

namespace caudal::functions {
namespace {

using std::chrono::milliseconds;
using testing::HasSubstr;
using testing::StartsWith;

class HttpRunnerTest : public FunctionsFixture {
 protected:
  void SetUp() override {
    FunctionsFixture::SetUp();
    http::Route route;
    route.method = http::Method::kPost;
    route.pattern = "/f";
    route.action = "test";
    route.handler = [this](http::Request& r) -> Result<http::Response> { return Take(r); };
    router_.Add(std::move(route));
    http::ServerOptions options;
    options.port = 0;
    server_ = http::Server::Start(options, router_).value();
  }
  void TearDown() override {
    Answer(200, false);
    FunctionsFixture::TearDown();
    server_.reset();
  }
  http::Response Take(const http::Request& request) {
    MutexLock lock(mutex_);
    got_ = request;
    ++requests_;
    changed_.NotifyAll();
    while (slow_) changed_.Wait(mutex_);
    return http::Response::Text(status_, "it says hello");
  }
  void Answer(int status, bool slow) {
    MutexLock lock(mutex_);
    status_ = status;
    slow_ = slow;
    changed_.NotifyAll();
  }
  int Requests() {
    MutexLock lock(mutex_);
    return requests_;
  }
  void StartHttp(milliseconds timeout = milliseconds(20'000)) {
    FunctionSpec spec = Spec("web");
    spec.timeout = timeout;
    spec.part =
        HttpPart{"http://127.0.0.1:" + std::to_string(server_->port()) + "/f?key=x", "hush-hush"};
    ASSERT_TRUE(functions_->Configure({spec}).ok());
    ASSERT_TRUE(dispatcher_->Start().ok());
    ASSERT_TRUE(functions_
                    ->Start([this](const FunctionSpec& s, auto) -> Result<std::unique_ptr<Runner>> {
                      return MakeHttpRunner(s, clock_);
                    })
                    .ok());
  }

  http::Router router_;
  std::unique_ptr<http::Server> server_;
  Mutex mutex_;
  CondVar changed_;
  http::Request got_ GUARDED_BY(mutex_);
  int requests_ GUARDED_BY(mutex_) = 0;
  int status_ GUARDED_BY(mutex_) = 200;
  bool slow_ GUARDED_BY(mutex_) = false;
};

TEST_F(HttpRunnerTest, PostsASignedCloudEvent) {
  StartHttp();
  Put("a/ñ.csv");
  WaitUntil([&] { return Pending() == 0 && Requests() == 1; });
  MutexLock lock(mutex_);
  EXPECT_EQ(got_.target, "/f?key=x");
  EXPECT_EQ(got_.headers.Get("ce-type"), "google.cloud.storage.object.v1.finalized");
  EXPECT_EQ(got_.headers.Get("ce-subject"), "objects/a/%C3%B1.csv");
  EXPECT_EQ(Json::parse(got_.body)["name"], "a/ñ.csv");
  const std::string signature(got_.headers.Get("Caudal-Signature").value_or(""));
  const std::string seconds = signature.substr(2, signature.find(',') - 2);
  EXPECT_EQ(signature, "t=" + seconds +
                           ",v1=" + EncodeHex(HmacSha256("hush-hush", seconds + "." + got_.body)));
  const sched::RunRecord run = Runs("web")[0];
  EXPECT_EQ(run.report["http_status"], 200);
  EXPECT_EQ(runs_->ReadLog(run.id, 1000).value(), "caudal: answered HTTP 200\nit says hello\n");
}

TEST_F(HttpRunnerTest, AnyOtherAnswerIsTriedAgain) {
  Answer(404, false);
  StartHttp();
  Put("a");
  WaitUntil([&] { return Requests() == 2; });
  EXPECT_EQ(Dead(), 0u);
  Answer(204, false);
  WaitUntil([&] { return Pending() == 0; });
  EXPECT_THAT(Runs("web").back().error, HasSubstr("HTTP 404"));
  EXPECT_EQ(Runs("web").front().status, sched::RunStatus::kSucceeded);
}

TEST_F(HttpRunnerTest, TakesNoLongerThanItsTimeout) {
  Answer(200, true);
  StartHttp(milliseconds(50));
  Put("a");
  WaitUntil([&] { return Runs("web").size() >= 2; });
  Answer(200, false);
  WaitUntil([&] { return Pending() == 0; });
  EXPECT_EQ(Runs("web").back().error_kind, ErrorKind::kTimeout);
}

TEST_F(HttpRunnerTest, IsCutWhenTheServerStops) {
  Answer(200, true);
  StartHttp(std::chrono::hours(1));
  Put("a");
  WaitUntil([&] { return Requests() == 1; });
  const auto start = std::chrono::steady_clock::now();
  functions_->Stop(milliseconds(10));
  functions_.reset();
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(10));
  EXPECT_EQ(Runs("web")[0].status, sched::RunStatus::kInterrupted);
  EXPECT_EQ(Pending(), 1u);
}

}  // namespace
}  // namespace caudal::functions
