// A blocking HTTP client over libcurl: webhooks, the CLI, sources. Thread-safe; connections are
// reused.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <stop_token>
#include <string>

#include "base/result.h"
#include "http/message.h"

namespace caudal::http {

struct ClientRequest {
  Method method = Method::kGet;
  std::string url;  // http or https
  Headers headers;
  std::string body;
  std::chrono::milliseconds connect_timeout{5'000};
  std::chrono::milliseconds timeout{30'000};  // whole exchange; 0: none
  uint64_t response_bytes_max = 16u << 20;
  // When set, body pieces go here instead of into ClientResponse::body, but for those of an error
  // (400 and up); false stops the transfer (kCancelled).
  std::function<bool(std::string_view)> on_body;
  // A connection of its own, through no proxy: the request reaches its server at most once. For
  // servers on this machine; others may get it twice when an idle connection breaks.
  bool direct = false;
  std::string unix_socket;  // a path: the server is there, whatever the URL says
  std::stop_token cancel;   // kCancelled soon after it is asked
};

struct ClientResponse {
  int status = 0;
  Headers headers;
  std::string body;
};

class Client {
 public:
  Client();
  ~Client();
  // Any HTTP status is a value. kUnavailable: no connection; kTimeout; kLimit: the response is too
  // large. Redirects aren't followed.
  Result<ClientResponse> Send(const ClientRequest& request);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace caudal::http
