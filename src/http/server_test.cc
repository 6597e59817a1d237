// The ordinary way of requests, over real sockets.
#include "http/server.h"

#include "http/client.h"
#include "http/test_client.h"
#include "http/test_server.h"

namespace caudal::http {
namespace {

TEST_F(ServerTest, KeepsAConnectionAlive) {
  On(Method::kGet, "/io", Echo, RunOn::kIo);
  On(Method::kGet, "/pool", Echo);
  Start();
  RawClient client(port_);
  for (const char* path : {"/io?a=1", "/pool", "/io", "/none"}) {
    const RawResponse response = client.Get(path);
    if (std::string(path) == "/none") {
      EXPECT_EQ(response.status, 404);
    } else {
      EXPECT_EQ(response.status, 200);
      EXPECT_EQ(response.body, std::string("GET ") + path + " ");
    }
    EXPECT_EQ(RawClient::Field(response, "Server"), "Caudal");
    EXPECT_NE(RawClient::Field(response, "Date").find(" GMT"), std::string::npos);
  }
  EXPECT_EQ(server_->stats().connections_accepted, 1u);
  EXPECT_EQ(server_->stats().requests, 4u);
  EXPECT_EQ(server_->stats().responses_4xx, 1u);
}

TEST_F(ServerTest, AnswersPipelinedRequestsInOrder) {
  On(Method::kGet, "/io/{n}", Echo, RunOn::kIo);
  On(Method::kPost, "/pool/{n}", Echo);
  Start();
  RawClient client(port_);
  std::string all;
  for (int i = 0; i < 100; ++i) {
    const std::string n = std::to_string(i);
    all += i % 2 == 0 ? "GET /io/" + n + " HTTP/1.1\r\nHost: " + client.host() + "\r\n\r\n"
                      : "POST /pool/" + n + " HTTP/1.1\r\nHost: " + client.host() +
                            "\r\nContent-Length: 4\r\n\r\nbody";
  }
  client.Send(all);
  for (int i = 0; i < 100; ++i) {
    const std::string n = std::to_string(i);
    EXPECT_EQ(client.Read().body, i % 2 == 0 ? "GET /io/" + n + " " : "POST /pool/" + n + " body");
  }
}

TEST_F(ServerTest, ReadsBodiesByLengthAndByChunks) {
  On(Method::kPost, "/io", Echo, RunOn::kIo);
  On(Method::kPost, "/pool", Echo);
  Start();
  RawClient client(port_);
  const std::string big(300'000, 'x');
  for (const std::string path : {"/io", "/pool"}) {
    client.Request("POST " + path, "Content-Length: 300000\r\n", big);
    EXPECT_EQ(client.Read().body, "POST " + path + " " + big);
    client.Request("POST " + path, "Transfer-Encoding: chunked\r\n",
                   "5;ext=1\r\nhello\r\n1\r\n \r\n00005\r\nworld\r\n0\r\nTrailer: x\r\n\r\n");
    EXPECT_EQ(client.Read().body, "POST " + path + " hello world");
    client.Request("POST " + path);
    EXPECT_EQ(client.Read().body, "POST " + path + " ");
  }
  // Byte by byte.
  client.Request("POST /pool", "Transfer-Encoding: chunked\r\n");
  for (const char c : std::string("3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n")) {
    client.Send(std::string_view(&c, 1));
  }
  EXPECT_EQ(client.Read().body, "POST /pool abcde");
}

TEST_F(ServerTest, HeadHasTheLengthAndNoBody) {
  On(Method::kGet, "/a", Echo, RunOn::kIo);
  On(Method::kGet, "/empty", [](Request&) -> Result<Response> { return Response::Empty(204); });
  Start();
  RawClient client(port_);
  client.Request("HEAD /a");
  const RawResponse head = client.Read(true);
  EXPECT_EQ(RawClient::Field(head, "Content-Length"), "8");
  EXPECT_EQ(client.Get("/a").body, "GET /a ");
  const RawResponse empty = client.Get("/empty");
  EXPECT_EQ(empty.status, 204);
  EXPECT_EQ(empty.head.find("Content-Length"), std::string::npos);
}

TEST_F(ServerTest, Http10AndConnectionClose) {
  On(Method::kGet, "/a", Echo, RunOn::kIo);
  Start();
  {
    RawClient client(port_);
    client.Send("GET /a HTTP/1.0\r\n\r\n");
    EXPECT_NE(client.ReadToEnd().find("Connection: close"), std::string::npos);
  }
  {
    RawClient client(port_);
    client.Send("GET /a HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
    EXPECT_EQ(RawClient::Field(client.Read(), "Connection"), "keep-alive");
    client.Request("GET /a", "Connection: close\r\n");
    EXPECT_NE(client.ReadToEnd().find("Connection: close"), std::string::npos);
  }
}

TEST_F(ServerTest, TellsThePortThatIsTaken) {
  Start();
  ServerOptions options = options_;
  options.port = port_;
  const Result<std::unique_ptr<Server>> second = Server::Start(options, router_);
  ASSERT_FALSE(second.ok());
  EXPECT_TRUE(second.error().Is(ErrorKind::kConflict));
  EXPECT_NE(second.error().message.find(std::to_string(port_)), std::string::npos);
}

TEST_F(ServerTest, ClientSpeaksToServer) {
  On(Method::kPost, "/echo", [](Request& request) -> Result<Response> {
    Response out = Response::Text(201, request.body + "|" +
                                           std::string(request.headers.Get("X-A").value_or("")) +
                                           "|" + request.base_url);
    out.headers.Add("X-B", "b");
    return out;
  });
  Start();
  Client client;
  ClientRequest request;
  request.method = Method::kPost;
  request.url = "http://127.0.0.1:" + std::to_string(port_) + "/echo";
  request.headers.Add("X-A", "a");
  request.body = "hello";
  for (int i = 0; i < 3; ++i) {
    const Result<ClientResponse> response = client.Send(request);
    ASSERT_TRUE(response.ok()) << response.error().message;
    EXPECT_EQ(response.value().status, 201);
    EXPECT_EQ(response.value().body, "hello|a|http://127.0.0.1:" + std::to_string(port_));
    EXPECT_EQ(response.value().headers.Get("x-b"), "b");
  }
  EXPECT_EQ(server_->stats().connections_accepted, 1u);
}

}  // namespace
}  // namespace caudal::http
