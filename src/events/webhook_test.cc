// Webhooks over real sockets, with the real clock.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <condition_variable>
#include <map>
#include <mutex>
#include <thread>

#include "data/digest.h"
#include "events/dispatcher.h"
#include "events/test_events.h"
#include "http/server.h"

namespace caudal::events {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

class WebhookTest : public EventsFixture {
 protected:
  WebhookTest() {
    On("/hook", [this](http::Request& request) {
      std::lock_guard lock(mutex_);
      const std::string subject(request.headers.Get("ce-subject").value_or(""));
      if (failures_ > 0) {
        --failures_;
        return http::Response::Empty(500);
      }
      subjects_.push_back(subject);
      body_ = request.body;
      signature_ = std::string(request.headers.Get("Caudal-Signature").value_or(""));
      changed_.notify_all();
      return http::Response::Empty(204);
    });
    On("/slow", [this](http::Request&) {
      std::unique_lock lock(mutex_);
      ++slow_;
      changed_.notify_all();
      changed_.wait_for(lock, seconds(20), [&] { return released_; });
      return http::Response::Empty(200);
    });
    http::ServerOptions options;
    options.port = 0;
    server_ = http::Server::Start(options, router_).value();
    dispatcher_ =
        Dispatcher::Make(*db_, *outbox_, SystemClock(), SystemRandom(), DispatcherOptions());
  }
  ~WebhookTest() override {
    Release();
    dispatcher_.reset();
    server_.reset();
  }
  void On(const char* pattern, std::function<http::Response(http::Request&)> handler) {
    http::Route route;
    route.method = http::Method::kPost;
    route.pattern = pattern;
    route.action = "test";
    route.handler = [handler](http::Request& r) -> Result<http::Response> { return handler(r); };
    router_.Add(std::move(route));
  }
  void Subscribe(const std::string& name, const std::string& path) {
    Subscriber subscriber;
    subscriber.name = name;
    subscriber.target = Webhook{.url = "http://127.0.0.1:" + std::to_string(server_->port()) + path,
                                .secret = "s3cret"};
    subscriber.retry.first = milliseconds(20);
    subscriber.retry.max = milliseconds(100);
    ASSERT_TRUE(dispatcher_->Subscribe(subscriber).ok());
  }
  std::vector<std::string> WaitFor(size_t count) {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, seconds(20), [&] { return subjects_.size() >= count; });
    return subjects_;
  }
  void Release() {
    std::lock_guard lock(mutex_);
    released_ = true;
    changed_.notify_all();
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::string> subjects_;
  std::string body_;
  std::string signature_;
  int failures_ = 0;
  int slow_ = 0;
  bool released_ = false;
  http::Router router_;
  std::unique_ptr<http::Server> server_;
  std::unique_ptr<Dispatcher> dispatcher_;
};

TEST_F(WebhookTest, ArrivesSignedAfterRetries) {
  failures_ = 3;
  Subscribe("hook", "/hook");
  ASSERT_TRUE(dispatcher_->Start().ok());
  Append("b", "x", EventType::kFinalized, R"({"name":"x"})");
  EXPECT_THAT(WaitFor(1), testing::ElementsAre("objects/x"));
  EXPECT_EQ(body_, R"({"name":"x"})");
  const size_t comma = signature_.find(",v1=");
  ASSERT_NE(comma, std::string::npos);
  EXPECT_EQ(signature_.substr(comma + 4),
            EncodeHex(HmacSha256("s3cret", signature_.substr(2, comma - 2) + "." + body_)));
  EXPECT_EQ(dispatcher_->Stats().at(0).failed_attempts, 3u);
}

TEST_F(WebhookTest, SlowOneHoldsNoOtherBack) {
  Subscribe("a-slow", "/slow");
  Subscribe("hook", "/hook");
  ASSERT_TRUE(dispatcher_->Start().ok());
  for (int i = 0; i < 40; ++i) Append("b", std::to_string(i), EventType::kFinalized);
  EXPECT_EQ(WaitFor(40).size(), 40u);
  {
    std::lock_guard lock(mutex_);
    EXPECT_GE(slow_, 1);
    EXPECT_LE(slow_, 7);  // of eight threads
  }
  Release();
}

TEST_F(WebhookTest, StopDoesNotWaitForSlowOnes) {
  Subscribe("a-slow", "/slow");
  ASSERT_TRUE(dispatcher_->Start().ok());
  Append("b", "x", EventType::kFinalized);
  {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, seconds(20), [&] { return slow_ > 0; });
  }
  dispatcher_->Stop(milliseconds(50));
  EXPECT_EQ(dispatcher_->ListDeliveries(false, "", 10).value().size(), 1u);
}

// Prints the figure; timings decide nothing here.
TEST_F(WebhookTest, StartsSoonAfterTheCommit) {
  Subscribe("hook", "/hook");
  ASSERT_TRUE(dispatcher_->Start().ok());
  std::vector<std::thread> writers;
  for (int w = 0; w < 4; ++w)
    writers.emplace_back([&, w] {
      for (int i = 0; i < 100; ++i)
        Append("b", std::to_string(w) + "/" + std::to_string(i), EventType::kFinalized);
    });
  for (std::thread& writer : writers) writer.join();
  EXPECT_EQ(WaitFor(400).size(), 400u);
  const SubscriberStats stats = dispatcher_->Stats().at(0);
  RecordProperty("start_p50_us", std::to_string(stats.start_p50_us));
  RecordProperty("start_p99_us", std::to_string(stats.start_p99_us));
  printf("commit to start of delivery: p50 %ld us, p99 %ld us\n",
         static_cast<long>(stats.start_p50_us), static_cast<long>(stats.start_p99_us));
}

}  // namespace
}  // namespace caudal::events
