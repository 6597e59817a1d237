// A server on a free port for tests, with routes added before it starts.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>

#include "http/server.h"

namespace caudal::http {

class ServerTest : public testing::Test {
 protected:
  ServerTest() {
    options_.port = 0;
    options_.pool_threads = 4;
  }
  void On(Method method, std::string pattern, Handler handler, RunOn run_on = RunOn::kPool,
          uint64_t body_bytes_max = 1u << 20) {
    Route route;
    route.method = method;
    route.pattern = std::move(pattern);
    route.action = "test";
    route.handler = std::move(handler);
    route.run_on = run_on;
    route.body_bytes_max = body_bytes_max;
    router_.Add(std::move(route));
  }
  void OnStream(std::string pattern, StreamHandler handler, uint64_t body_bytes_max = 64u << 20) {
    Route route;
    route.method = Method::kPost;
    route.pattern = std::move(pattern);
    route.action = "test";
    route.handler = std::move(handler);
    route.body_bytes_max = body_bytes_max;
    router_.Add(std::move(route));
  }
  void Start() {
    Result<std::unique_ptr<Server>> server = Server::Start(options_, router_);
    ASSERT_TRUE(server.ok()) << server.error().message;
    server_ = std::move(server).take();
    port_ = server_->port();
  }

  ServerOptions options_;
  Router router_;
  std::unique_ptr<Server> server_;
  uint16_t port_ = 0;
};

inline Result<Response> Echo(Request& request) {
  return Response::Text(
      200, std::string(NameOf(request.method)) + " " + request.target + " " + request.body);
}

}  // namespace caudal::http
