// Bodies that come or go in pieces: streams in, files and streams out, clients that leave, Stop.
#include <atomic>
#include <filesystem>
#include <thread>

#include "base/mutex.h"
#include "http/client.h"
#include "http/test_client.h"
#include "http/test_server.h"

namespace caudal::http {
namespace {

using std::chrono::milliseconds;

// Waits for what other threads do; the limit only ends a test that hangs.
template <class Condition>
bool Until(Condition condition) {
  for (int i = 0; i < 20'000; ++i) {
    if (condition()) return true;
    std::this_thread::sleep_for(milliseconds(1));
  }
  return false;
}

std::string Pattern(size_t size) {
  std::string out(size, '\0');
  uint32_t state = 1;
  for (char& c : out) {
    state = state * 1664525 + 1013904223;
    c = static_cast<char>(state >> 24);
  }
  return out;
}

struct Seen {
  std::atomic<int> opened{0};
  std::atomic<int> finished{0};
  std::atomic<int> destroyed{0};
  std::atomic<size_t> bytes{0};
  std::atomic<size_t> largest{0};
};

class TestSink : public BodySink {
 public:
  explicit TestSink(Seen& seen) : seen_(seen) { ++seen_.opened; }
  ~TestSink() override { ++seen_.destroyed; }
  Result<void> Write(std::string_view bytes) override {
    if (bytes.starts_with("bad")) return MakeError(ErrorKind::kConflict, "bad bytes");
    all_ += bytes;
    seen_.bytes += bytes.size();
    if (bytes.size() > seen_.largest) seen_.largest = bytes.size();
    return {};
  }
  Result<Response> Finish() override {
    ++seen_.finished;
    return Response::Text(200, std::move(all_));
  }

 private:
  Seen& seen_;
  std::string all_;
};

StreamHandler Into(Seen& seen) {
  return [&seen](Request& request) -> Result<std::unique_ptr<BodySink>> {
    if (request.headers.Get("X-Refuse")) return MakeError(ErrorKind::kPrecondition, "refused");
    return std::make_unique<TestSink>(seen);
  };
}

std::string Chunked(std::string_view body, size_t chunk) {
  std::string out;
  while (!body.empty()) {
    const std::string_view piece = body.substr(0, chunk);
    char size[32];
    std::snprintf(size, sizeof size, "%zx\r\n", piece.size());
    out += size;
    out += piece;
    out += "\r\n";
    body.remove_prefix(piece.size());
  }
  return out + "0\r\n\r\n";
}

TEST_F(ServerTest, StreamsRequestBodiesInPieces) {
  Seen seen;
  OnStream("/s", Into(seen), 8u << 20);
  Start();
  const std::string body = Pattern((5u << 20) + 12345);
  RawClient client(port_);
  std::thread sender([&] {
    client.Request("POST /s", "Content-Length: " + std::to_string(body.size()) + "\r\n", body);
  });
  EXPECT_TRUE(client.Read().body == body);
  sender.join();
  EXPECT_EQ(seen.largest, 1u << 20);
  std::thread chunks(
      [&] { client.Request("POST /s", "Transfer-Encoding: chunked\r\n", Chunked(body, 70'001)); });
  EXPECT_TRUE(client.Read().body == body);
  chunks.join();
  client.Request("POST /s");
  EXPECT_EQ(client.Read().body, "");
  EXPECT_EQ(seen.finished, 3);
  EXPECT_TRUE(Until([&] { return seen.destroyed == 3; }));
}

TEST_F(ServerTest, ContinuesOnlyWhatIsAccepted) {
  Seen seen;
  OnStream("/s", Into(seen), 1000);
  Start();
  {
    RawClient client(port_);
    client.Request("POST /s", "Content-Length: 5\r\nExpect: 100-continue\r\n");
    EXPECT_EQ(client.Read().status, 100);
    client.Send("hello");
    EXPECT_EQ(client.Read().body, "hello");
  }
  for (const char* fields : {"X-Refuse: 1\r\nContent-Length: 5\r\n", "Content-Length: 5000\r\n"}) {
    RawClient client(port_);
    client.Request("POST /s", std::string(fields) + "Expect: 100-continue\r\n");
    EXPECT_GE(client.Read().status, 412);
    EXPECT_TRUE(client.Closed());
  }
  EXPECT_EQ(seen.opened, 1);
}

TEST_F(ServerTest, StreamsEndWithoutFinishWhenBrokenOff) {
  options_.body_timeout = milliseconds(200);
  Seen seen;
  OnStream("/s", Into(seen), 3000);
  Start();
  {
    RawClient client(port_);
    client.Request("POST /s", "Content-Length: 1000\r\n", "half");
    EXPECT_TRUE(Until([&] { return seen.opened == 1; }));
  }
  EXPECT_TRUE(Until([&] { return seen.destroyed == 1; }));
  EXPECT_EQ(seen.bytes, 4u);  // what came was handed on
  {
    RawClient client(port_);
    client.Request("POST /s", "Content-Length: 1000\r\n", "half");
    EXPECT_EQ(client.Read().status, 408);
  }
  {
    RawClient client(port_);
    client.Request("POST /s", "Transfer-Encoding: chunked\r\n",
                   Chunked(std::string(3001, 'x'), 1000));
    EXPECT_EQ(client.Read().status, 413);
  }
  EXPECT_TRUE(Until([&] { return seen.destroyed == 3; }));
  EXPECT_EQ(seen.finished, 0);
}

TEST_F(ServerTest, ASinksErrorIsTheAnswer) {
  Seen seen;
  OnStream("/s", Into(seen));
  Start();
  RawClient client(port_);
  client.Request("POST /s", "Content-Length: 8\r\n", "badbytes");
  EXPECT_EQ(client.Read().status, 409);
  client.Request("POST /s", "Content-Length: 2\r\n", "ok");
  EXPECT_EQ(client.Read().status, 200);
  // In the midst of a larger body, whose short rest is dropped.
  const std::string body = "bad" + std::string(1'500'000, 'x');
  std::thread sender([&] {
    client.Request("POST /s", "Content-Length: " + std::to_string(body.size()) + "\r\n", body);
  });
  EXPECT_EQ(client.Read().status, 409);
  sender.join();
  client.Request("POST /s", "Content-Length: 2\r\n", "ok");
  EXPECT_EQ(client.Read().status, 200);
  EXPECT_EQ(seen.finished, 2);
}

class FileTest : public ServerTest {
 protected:
  FileTest() {
    path_ = testing::TempDir() + "http_file_" + std::to_string(::getpid());
    content_ = Pattern(6u << 20);
    file_ =
        std::make_shared<os::File>(os::File::Open(path_, os::File::Mode::kOpenOrCreate).value());
    EXPECT_TRUE(file_->WriteAt(0, content_).ok());
    On(Method::kGet, "/f/{offset}/{length}", [this](Request& request) -> Result<Response> {
      Response out = Response::Empty(206);
      FileBody body;
      body.file = file_;
      body.offset = std::stoull(request.Path("offset"));
      body.length = std::stoull(request.Path("length"));
      body.keep_alive = std::shared_ptr<void>(nullptr, [this](void*) { ++released_; });
      out.body = std::move(body);
      return out;
    });
  }
  ~FileTest() override {
    server_.reset();
    std::filesystem::remove(path_);
  }

  std::string path_;
  std::string content_;
  std::shared_ptr<os::File> file_;
  std::atomic<int> released_{0};
};

TEST_F(FileTest, SendsRangesAlsoToSlowReaders) {
  Start();
  {
    RawClient client(port_);
    const std::pair<size_t, size_t> ranges[] = {
        {0, 6u << 20}, {0, 0}, {1, 1}, {4097, 100'000}, {(6u << 20) - 5, 5}};
    for (const auto& [offset, length] : ranges) {
      const RawResponse response =
          client.Get("/f/" + std::to_string(offset) + "/" + std::to_string(length));
      EXPECT_EQ(response.status, 206);
      EXPECT_TRUE(response.body == content_.substr(offset, length)) << offset << " " << length;
    }
    client.Request("HEAD /f/0/12345");
    EXPECT_EQ(RawClient::Field(client.Read(true), "Content-Length"), "12345");
  }
  RawClient slow(port_, 4096);
  slow.Request("GET /f/0/6291456", "Connection: close\r\n");
  std::string all;
  int steps = 0;
  while (slow.ReadSome(64 << 10)) {
    if (++steps % 20 == 0) std::this_thread::sleep_for(milliseconds(1));
  }
  all = slow.ReadToEnd();
  EXPECT_TRUE(all.ends_with(content_));
  EXPECT_TRUE(Until([&] { return released_ == 7; }));
}

TEST_F(FileTest, LetsGoOfTheFileWhenTheClientLeavesOrTheFileIsShort) {
  options_.body_timeout = milliseconds(300);
  Start();
  {
    RawClient client(port_, 4096);
    client.Request("GET /f/0/6291456");
    EXPECT_TRUE(client.ReadSome(100));
  }
  EXPECT_TRUE(Until([&] { return released_ == 1; }));
  RawClient stuck(port_, 4096);
  stuck.Request("GET /f/0/6291456");  // and reads nothing
  EXPECT_TRUE(Until([&] { return released_ == 2; }));
  RawClient beyond(port_);
  beyond.Request("GET /f/6291400/1000");
  EXPECT_EQ(beyond.Read().status, 0);  // fewer bytes than told: the client can see it
  EXPECT_TRUE(Until([&] { return released_ == 3; }));
}

class StreamOutTest : public ServerTest {
 protected:
  StreamOutTest() {
    On(Method::kGet, "/numbers", [this](Request&) -> Result<Response> {
      return Streaming([i = 0]() mutable -> Result<StreamBody::Piece> {
        StreamBody::Piece piece;
        if (i % 3 == 1) piece.wait_ms = 1;
        if (i % 3 != 1) piece.bytes = std::to_string(i) + ",";
        piece.last = ++i == 30;
        return piece;
      });
    });
    On(Method::kGet, "/forever", [this](Request&) -> Result<Response> {
      return Streaming([first = true]() mutable -> Result<StreamBody::Piece> {
        StreamBody::Piece piece;
        if (std::exchange(first, false)) piece.bytes = "begin";
        piece.wait_ms = 20;
        return piece;
      });
    });
    On(Method::kGet, "/broken", [this](Request&) -> Result<Response> {
      return Streaming([first = true]() mutable -> Result<StreamBody::Piece> {
        if (!std::exchange(first, false)) return MakeError(ErrorKind::kCorrupt, "broken");
        return StreamBody::Piece{"begin", false, 0};
      });
    });
  }
  ~StreamOutTest() override { server_.reset(); }

  template <class Next>
  Response Streaming(Next next) {
    Response out = Response::Empty(200);
    auto alive = std::shared_ptr<void>(nullptr, [this](void*) { ++destroyed_; });
    out.body = StreamBody{[next, alive]() mutable { return next(); }};
    return out;
  }

  std::atomic<int> destroyed_{0};
};

TEST_F(StreamOutTest, SendsChunksOrUntilClose) {
  Start();
  std::string expected;
  for (int i = 0; i < 30; ++i) {
    if (i % 3 != 1) expected += std::to_string(i) + ",";
  }
  RawClient client(port_);
  for (int i = 0; i < 2; ++i) EXPECT_EQ(client.Get("/numbers").body, expected);
  RawClient old(port_);
  old.Send("GET /numbers HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  const std::string all = old.ReadToEnd();
  EXPECT_TRUE(all.ends_with("\r\n\r\n" + expected));
  EXPECT_EQ(all.find("chunked"), std::string::npos);
  EXPECT_TRUE(Until([&] { return destroyed_ == 3; }));
}

TEST_F(StreamOutTest, EndsWhenTheClientLeavesOrTheStreamFails) {
  Start();
  {
    RawClient client(port_);
    client.Request("GET /forever");
    EXPECT_TRUE(client.ReadSome());
  }
  EXPECT_TRUE(Until([&] { return destroyed_ == 1; }));
  RawClient broken(port_);
  EXPECT_EQ(broken.Get("/broken").status, 0);
  EXPECT_TRUE(Until([&] { return destroyed_ == 2; }));
}

TEST_F(StreamOutTest, StopCutsEndlessStreamsWithoutALastChunk) {
  Start();
  RawClient client(port_);
  client.Request("GET /forever");
  EXPECT_TRUE(client.ReadSome());
  server_->Stop();
  EXPECT_EQ(destroyed_, 1);
  EXPECT_EQ(client.ReadToEnd().find("0\r\n\r\n"), std::string::npos);
}

// Answers at the third time of asking: with a body, a stream or an error; or never.
class LaterTest : public StreamOutTest {
 protected:
  LaterTest() {
    On(Method::kGet, "/later/{how}", [this](Request& request) -> Result<Response> {
      Response out;
      auto alive = std::shared_ptr<void>(nullptr, [this](void*) { ++destroyed_; });
      out.later = std::make_shared<LaterAnswer>();
      out.later->wait_ms = 1;
      out.later->next = [this, how = request.Path("how"), asked = 0,
                         alive]() mutable -> Result<std::unique_ptr<Response>> {
        ++asked_;
        if (how == "never" || ++asked < 3) return nullptr;
        if (how == "error") return MakeError(ErrorKind::kConflict, "no");
        if (how == "text") return std::make_unique<Response>(Response::Text(201, "here"));
        return std::make_unique<Response>(Streaming([]() -> Result<StreamBody::Piece> {
          return StreamBody::Piece{"all", true, 0};
        }));
      };
      return out;
    });
  }

  std::atomic<int> asked_{0};
};

TEST_F(LaterTest, AnswersComeWhenTheyAreThere) {
  Start();
  RawClient client(port_);
  for (int i = 0; i < 2; ++i) {
    const RawResponse text = client.Get("/later/text");
    EXPECT_EQ(text.status, 201);
    EXPECT_EQ(text.body, "here");
    EXPECT_EQ(client.Get("/later/error").status, 409);
    EXPECT_EQ(client.Get("/later/stream").body, "all");
  }
  EXPECT_TRUE(Until([&] { return destroyed_ == 8; }));
  Request request;
  request.target = request.path = "/later/text";
  EXPECT_EQ(router_.Handle(request).status, 201);
}

// Nobody would be asked again in time by itself.
TEST_F(LaterTest, AWakeEndsTheWait) {
  constexpr int kLong_ms = 600'000;
  const auto waker = std::make_shared<Waker>();
  std::atomic<int> waits{0};
  On(Method::kGet, "/woken", [&](Request&) -> Result<Response> {
    Response out;
    out.later = std::make_shared<LaterAnswer>();
    out.later->wait_ms = kLong_ms;
    out.later->waker = waker;
    out.later->next = [&, asked = 0]() mutable -> Result<std::unique_ptr<Response>> {
      ++waits;
      if (++asked < 3) return nullptr;
      auto response = std::make_unique<Response>(
          Streaming([&, pieces = 0]() mutable -> Result<StreamBody::Piece> {
            ++waits;
            if (++pieces < 3) return StreamBody::Piece{"", false, kLong_ms};
            return StreamBody::Piece{"all", true, 0};
          }));
      std::get<StreamBody>(response->body).waker = waker;
      return response;
    };
    return out;
  });
  Start();
  RawClient client(port_);
  for (int i = 0; i < 3; ++i) {
    std::jthread waking([&](const std::stop_token& stop) {
      while (!stop.stop_requested()) {
        const int before = waits;
        waker->Wake();
        (void)Until([&] { return waits != before || stop.stop_requested(); });
      }
    });
    EXPECT_EQ(client.Get("/woken").body, "all");
  }
}

TEST_F(LaterTest, AClientThatLeavesEndsTheWait) {
  Start();
  {
    RawClient client(port_);
    client.Request("GET /later/never");
    EXPECT_TRUE(Until([&] { return asked_ > 3; }));
  }
  EXPECT_TRUE(Until([&] { return destroyed_ == 1; }));
}

TEST_F(LaterTest, StopSaysSo) {
  Start();
  RawClient client(port_);
  client.Request("GET /later/never");
  EXPECT_TRUE(Until([&] { return asked_ > 3; }));
  server_->Stop();
  EXPECT_EQ(client.Read().status, 503);
  EXPECT_EQ(destroyed_, 1);
}

TEST_F(ServerTest, StopLetsRunningRequestsEnd) {
  std::atomic<int> entered{0};
  On(Method::kGet, "/slow", [&](Request&) -> Result<Response> {
    ++entered;
    std::this_thread::sleep_for(milliseconds(100));
    return Response::Text(200, "done");
  });
  Start();
  RawClient idle(port_);
  RawClient running(port_);
  running.Request("GET /slow");
  EXPECT_TRUE(Until([&] { return entered == 1; }));
  server_->Stop();
  const RawResponse response = running.Read();
  EXPECT_EQ(response.body, "done");
  EXPECT_EQ(RawClient::Field(response, "Connection"), "close");
  EXPECT_TRUE(idle.Closed());
  EXPECT_EQ(server_->stats().connections_open, 0u);
  server_->Stop();
  server_.reset();
  Start();  // its routes serve again
  RawClient again(port_);
  EXPECT_EQ(again.Get("/slow").status, 200);
}

TEST_F(ServerTest, StopCutsWhatDoesNotEnd) {
  options_.drain_timeout = milliseconds(50);
  Seen seen;
  OnStream("/s", Into(seen));
  Start();
  RawClient client(port_);
  client.Request("POST /s", "Content-Length: 1000\r\n", "half");
  EXPECT_TRUE(Until([&] { return seen.opened == 1; }));
  server_->Stop();
  EXPECT_EQ(seen.destroyed, 1);
  EXPECT_EQ(seen.finished, 0);
  EXPECT_EQ(client.ReadToEnd(), "");
}

TEST_F(StreamOutTest, ClientLimitsAndCancels) {
  On(Method::kGet, "/large", [](Request&) -> Result<Response> {
    Response out = Response::Text(302, std::string(10'000, 'x'));
    out.headers.Add("Location", "/numbers");
    return out;
  });
  Start();
  Client client;
  ClientRequest request;
  const std::string base = "http://127.0.0.1:" + std::to_string(port_);
  request.url = base + "/large";
  EXPECT_EQ(client.Send(request).value().status, 302);
  request.response_bytes_max = 9'999;
  EXPECT_TRUE(client.Send(request).error().Is(ErrorKind::kLimit));
  request.response_bytes_max = 1u << 20;
  std::string got;
  request.on_body = [&](std::string_view bytes) {
    got += bytes;
    return true;
  };
  EXPECT_TRUE(client.Send(request).ok());
  EXPECT_EQ(got.size(), 10'000u);
  request.url = base + "/forever";
  request.on_body = [](std::string_view) { return false; };
  EXPECT_TRUE(client.Send(request).error().Is(ErrorKind::kCancelled));
  request.on_body = nullptr;
  request.timeout = milliseconds(100);
  EXPECT_TRUE(client.Send(request).error().Is(ErrorKind::kTimeout));
  request.url = base + "/large";
  request.method = Method::kHead;
  EXPECT_EQ(client.Send(request).value().headers.Get("content-length"), "10000");
  for (const char* url : {"file:///etc/passwd", "ftp://127.0.0.1/", "::", ""}) {
    request.url = url;
    EXPECT_TRUE(client.Send(request).error().Is(ErrorKind::kInvalid)) << url;
  }
  server_->Stop();
  server_.reset();
  request.url = base + "/?signature=secret";
  const Result<ClientResponse> gone = client.Send(request);
  EXPECT_TRUE(gone.error().Is(ErrorKind::kUnavailable));
  EXPECT_EQ(gone.error().message.find("secret"), std::string::npos);
}

}  // namespace
}  // namespace caudal::http
