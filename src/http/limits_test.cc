// Malformed, oversized, slow and too many requests.
#include <sys/resource.h>

#include <atomic>
#include <thread>

#include "base/mutex.h"
#include "http/test_client.h"
#include "http/test_server.h"

namespace caudal::http {
namespace {

using std::chrono::milliseconds;

TEST_F(ServerTest, RefusesMalformedRequests) {
  On(Method::kPost, "/a", Echo);
  On(Method::kGet, "/a", Echo, RunOn::kIo);
  Start();
  const std::string host = "Host: localhost:" + std::to_string(port_) + "\r\n";
  const struct {
    std::string bytes;
    int status;
  } cases[] = {
      {"garbage\r\n\r\n", 400},
      {std::string("\x16\x03\x01\x02\x00\x01", 6) + "\r\n\r\n", 400},  // TLS
      {"GET /a HTTP/2.0\r\n" + host + "\r\n", 400},
      {"GET  /a HTTP/1.1\r\n" + host + "\r\n", 400},
      {"GET a HTTP/1.1\r\n" + host + "\r\n", 400},
      {"GET /a HTTP/1.1\r\n\r\n", 400},
      {"GET /a HTTP/1.1\r\n" + host + host + "\r\n", 400},
      {"GET /a HTTP/1.1\r\nHost: a b\r\n\r\n", 400},
      {"GET /a HTTP/1.1\r\nHost:\r\n\r\n", 400},
      {"GET /a HTTP/1.1\r\n" + host + "Bad Name: x\r\n\r\n", 400},
      {"GET /a HTTP/1.1\r\n" + host + "Name : x\r\n\r\n", 400},
      {"GET /a HTTP/1.1\r\n" + host + "X: a\x01b\r\n\r\n", 400},
      {"GET /a HTTP/1.1\n" + host + "\n\n\r\n\r\n", 400},
      {"POST /a HTTP/1.1\r\n" + host + "Content-Length: x\r\n\r\n", 400},
      {"POST /a HTTP/1.1\r\n" + host + "Content-Length: -1\r\n\r\n", 400},
      {"POST /a HTTP/1.1\r\n" + host + "Content-Length: +1\r\n\r\na", 400},
      {"POST /a HTTP/1.1\r\n" + host + "Content-Length: 99999999999999999999999\r\n\r\n", 400},
      {"POST /a HTTP/1.1\r\n" + host + "Content-Length: 1\r\nContent-Length: 2\r\n\r\na", 400},
      {"POST /a HTTP/1.1\r\n" + host + "Content-Length: 1\r\nContent-Length: 1\r\n\r\na", 400},
      {"POST /a HTTP/1.1\r\n" + host + "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
       400},
      {"POST /a HTTP/1.1\r\n" + host + "Transfer-Encoding: chunked\r\nContent-Length: 1\r\n\r\n",
       400},
      {"POST /a HTTP/1.0\r\n" + host + "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400},
      {"POST /a HTTP/1.1\r\n" + host + "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", 501},
      {"POST /a HTTP/1.1\r\n" + host + "Transfer-Encoding: identity\r\n\r\n", 501},
      {"POST /a HTTP/1.1\r\n" + host + "Transfer-Encoding: chunked\r\n\r\nzz\r\n", 400},
      {"POST /a HTTP/1.1\r\n" + host + "Transfer-Encoding: chunked\r\n\r\n1\r\nabc\r\n", 400},
      {"POST /a HTTP/1.1\r\n" + host +
           "Transfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\nabc\r\n",
       400},
      {"BREW /a HTTP/1.1\r\n" + host + "\r\n", 501},
      {"GET /a HTTP/1.1\r\n" + host + "Expect: tea\r\n\r\n", 417},
      {"GET /a HTTP/1.1\r\n" + host + "X: " + std::string(70'000, 'x') + "\r\n\r\n", 431},
      {"GET /" + std::string(70'000, 'x') + " HTTP/1.1\r\n" + host + "\r\n", 431},
  };
  for (const auto& c : cases) {
    RawClient client(port_);
    client.Send(c.bytes);
    const RawResponse response = client.Read();
    const std::string label = c.bytes.substr(0, 120);
    EXPECT_EQ(response.status, c.status) << label;
    EXPECT_EQ(response.body.find("{\"error\""), 0u) << label;
    EXPECT_EQ(RawClient::Field(response, "Connection"), "close") << label;
    EXPECT_TRUE(client.Closed()) << label;
    EXPECT_FALSE(client.was_reset()) << label;
  }
}

TEST_F(ServerTest, TakesTargetsAsTheyAre) {
  On(Method::kGet, "/{rest*}", [](Request& request) -> Result<Response> {
    return Response::Text(200,
                          request.Path("rest") + "?" + request.raw_query + " " + request.base_url);
  });
  Start();
  RawClient client(port_);
  const std::string base = " http://" + client.host();
  EXPECT_EQ(client.Get("/a/../b//c/.?x=%20").body, "a/../b//c/.?x=%20" + base);
  EXPECT_EQ(client.Get("http://127.0.0.1:" + std::to_string(port_) + "/a?b=c").body,
            "a?b=c http://127.0.0.1:" + std::to_string(port_));
  EXPECT_EQ(client.Get("http://127.0.0.1:" + std::to_string(port_)).body,
            "? http://127.0.0.1:" + std::to_string(port_));
  // The target's own host counts, not the Host field.
  EXPECT_EQ(client.Get("http://evil.example/a").status, 403);
}

TEST_F(ServerTest, TrustsForwardedFieldsOnlyWhenTold) {
  On(Method::kGet, "/a",
     [](Request& request) -> Result<Response> { return Response::Text(200, request.base_url); });
  const std::string fields = "X-Forwarded-Proto: https\r\nX-Forwarded-Host: data.example, b\r\n";
  Start();
  {
    RawClient client(port_);
    EXPECT_EQ(client.Get("/a", fields).body, "http://" + client.host());
  }
  server_.reset();
  options_.trust_forwarded = true;
  Start();
  RawClient client(port_);
  EXPECT_EQ(client.Get("/a", fields).body, "https://data.example");
  EXPECT_EQ(client.Get("/a", "X-Forwarded-Host: <x>\r\n").body, "http://" + client.host());
}

TEST_F(ServerTest, ChecksTheHostBeforeRouting) {
  On(Method::kGet, "/a", Echo, RunOn::kIo);
  Start();
  RawClient client(port_);
  client.Send("GET /a HTTP/1.1\r\nHost: evil.example\r\n\r\n");
  const RawResponse response = client.Read();
  EXPECT_EQ(response.status, 403);
  EXPECT_NE(response.body.find("evil.example"), std::string::npos);
  EXPECT_EQ(client.Get("/a", "Origin: http://evil.example\r\n").status, 403);
  EXPECT_EQ(client.Get("/a").status, 200);
}

TEST_F(ServerTest, RefusesBodiesOverTheLimitAndStaysReadable) {
  On(Method::kPost, "/a", Echo, RunOn::kPool, 1000);
  On(Method::kPost, "/none", Echo, RunOn::kPool, 0);
  Start();
  RawClient client(port_);
  // A short rest is dropped, and the connection lives on.
  client.Request("POST /a", "Content-Length: 2000\r\n", std::string(2000, 'x'));
  EXPECT_EQ(client.Read().status, 413);
  client.Request("POST /none", "Content-Length: 1\r\n", "x");
  EXPECT_EQ(client.Read().status, 413);
  client.Request("POST /a", "Content-Length: 1000\r\n", std::string(1000, 'x'));
  EXPECT_EQ(client.Read().status, 200);
  client.Request("POST /a", "Transfer-Encoding: chunked\r\n",
                 "3e8\r\n" + std::string(1000, 'x') + "\r\n0\r\n\r\n");
  EXPECT_EQ(client.Read().status, 200);
  client.Request("POST /a", "Transfer-Encoding: chunked\r\n",
                 "3e9\r\n" + std::string(1001, 'x') + "\r\n0\r\n\r\n");
  EXPECT_EQ(client.Read().status, 413);
  // A long one isn't waited for; the answer arrives all the same.
  RawClient big(port_);
  big.Request("POST /a", "Content-Length: 1000000000\r\n", std::string(100'000, 'x'));
  const RawResponse response = big.Read();
  EXPECT_EQ(response.status, 413);
  EXPECT_EQ(RawClient::Field(response, "Connection"), "close");
  EXPECT_TRUE(big.Closed());
  EXPECT_FALSE(big.was_reset());
}

TEST_F(ServerTest, CutsSlowHeadsIdleConnectionsAndSlowBodies) {
  options_.header_timeout = milliseconds(150);
  options_.idle_timeout = milliseconds(300);
  options_.body_timeout = milliseconds(150);
  options_.body_bytes_per_second_min = 1000;
  On(Method::kPost, "/a", Echo);
  Start();
  RawClient slow_head(port_);
  RawClient silent(port_);
  RawClient half_body(port_);
  RawClient dripping(port_);
  slow_head.Send("GET /a HTTP/1.1\r\nHo");
  half_body.Request("POST /a", "Content-Length: 100\r\n", "x");
  dripping.Request("POST /a", "Content-Length: 1000\r\n", "x");
  std::jthread drip([&](const std::stop_token& stop) {
    while (!stop.stop_requested() && dripping.Send("x")) {
      std::this_thread::sleep_for(milliseconds(10));
    }
  });
  EXPECT_EQ(slow_head.Read().status, 408);
  EXPECT_EQ(half_body.Read().status, 408);
  EXPECT_EQ(dripping.Read().status, 408);  // never silent for long, yet too slow
  drip.request_stop();
  EXPECT_TRUE(slow_head.Closed());
  EXPECT_TRUE(silent.Closed());
}

TEST_F(ServerTest, RefusesConnectionsBeyondTheLimit) {
  options_.connections_max = 2;
  On(Method::kGet, "/a", Echo, RunOn::kIo);
  Start();
  RawClient first(port_);
  EXPECT_EQ(first.Get("/a").status, 200);
  {
    RawClient second(port_);
    EXPECT_EQ(second.Get("/a").status, 200);
    RawClient third(port_);
    const RawResponse refused = third.Read();
    EXPECT_EQ(refused.status, 503);
    EXPECT_EQ(RawClient::Field(refused, "Retry-After"), "1");
    EXPECT_TRUE(third.Closed());
  }
  while (server_->stats().connections_open > 1) std::this_thread::sleep_for(milliseconds(1));
  RawClient fourth(port_);
  EXPECT_EQ(fourth.Get("/a").status, 200);
  EXPECT_EQ(server_->stats().connections_refused, 1u);
}

TEST_F(ServerTest, AnswersBusyWhenThePoolsQueueIsFull) {
  options_.pool_threads = 1;
  options_.pool_queue_max = 1;
  Mutex mutex;
  CondVar wake;
  bool open = false;
  std::atomic<int> entered{0};
  On(Method::kGet, "/wait", [&](Request&) -> Result<Response> {
    ++entered;
    MutexLock lock(mutex);
    while (!open) wake.Wait(mutex);
    return Response::Empty(204);
  });
  On(Method::kGet, "/io", Echo, RunOn::kIo);
  Start();
  RawClient running(port_);
  running.Request("GET /wait");
  while (entered == 0) std::this_thread::yield();
  RawClient queued(port_);
  queued.Request("GET /wait");
  while (server_->stats().pool_queue == 0) std::this_thread::yield();
  RawClient refused(port_);
  const RawResponse busy = refused.Get("/wait");
  EXPECT_EQ(busy.status, 503);
  EXPECT_EQ(RawClient::Field(busy, "Retry-After"), "1");
  EXPECT_EQ(refused.Get("/io").status, 200);  // the I/O threads are free
  {
    MutexLock lock(mutex);
    open = true;
  }
  wake.NotifyAll();
  EXPECT_EQ(running.Read().status, 204);
  EXPECT_EQ(queued.Read().status, 204);
}

TEST_F(ServerTest, WaitsWhenBodiesFillTheMemory) {
  options_.buffered_bytes_max = 1000;
  On(Method::kPost, "/a", Echo);
  Start();
  RawClient holder(port_);
  holder.Request("POST /a", "Content-Length: 900\r\n", "x");
  RawClient waiter(port_);
  // The holder's request must be first.
  while (server_->stats().requests < 1) std::this_thread::yield();
  std::this_thread::sleep_for(milliseconds(20));
  waiter.Request("POST /a", "Content-Length: 500\r\nExpect: 100-continue\r\n");
  EXPECT_EQ(waiter.Read().status, 100);
  waiter.Send(std::string(500, 'y'));
  EXPECT_FALSE(waiter.ReadSome(1, 50));
  holder.Send(std::string(899, 'x'));
  EXPECT_EQ(holder.Read().status, 200);
  EXPECT_EQ(waiter.Read().status, 200);
  // More than all there is goes alone.
  waiter.Request("POST /a", "Content-Length: 5000\r\n", std::string(5000, 'z'));
  EXPECT_EQ(waiter.Read().status, 200);
}

TEST_F(ServerTest, HoldsAThousandIdleConnectionsBesideBusyOnes) {
  On(Method::kGet, "/io", Echo, RunOn::kIo);
  On(Method::kGet, "/pool", Echo);
  Start();
  rlimit files{};
  ::getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &files);
  std::vector<std::unique_ptr<RawClient>> idle;
  for (int i = 0; i < 1000; ++i) idle.push_back(std::make_unique<RawClient>(port_));
  for (int i = 0; i < 100; ++i) idle[static_cast<size_t>(i)]->Send("GET /io HT");
  std::vector<std::thread> busy;
  for (int t = 0; t < 4; ++t) {
    busy.emplace_back([&, t] {
      RawClient client(port_);
      for (int i = 0; i < 200; ++i) {
        EXPECT_EQ(client.Get(t % 2 == 0 ? "/io" : "/pool").status, 200);
      }
    });
  }
  for (std::thread& thread : busy) thread.join();
  for (const auto& client : idle) {
    if (&client - idle.data() < 100) {
      client->Send("TP/1.1\r\nHost: " + client->host() + "\r\n\r\n");
      EXPECT_EQ(client->Read().status, 200);
    } else {
      EXPECT_EQ(client->Get("/io").status, 200);
    }
  }
}

}  // namespace
}  // namespace caudal::http
