// The HTTP/1.1 server: connections, limits, time-outs, back-pressure. The only user of Boost.Beast
// and Asio.
//
// I/O threads run coroutines; handlers that block run on a bounded pool. Bounded: connections,
// header bytes, body bytes, queued work, time without progress. A slow or silent client costs a few
// KB and no thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "http/router.h"

namespace caudal::http {

struct ServerOptions {
  std::string host = "127.0.0.1";
  uint16_t port = 8080;  // 0: any free one
  int io_threads = 2;
  int pool_threads = 32;
  size_t pool_queue_max = 1024;   // more waiting requests than this answer 503 with Retry-After
  size_t connections_max = 4096;  // more are accepted, answered 503, closed
  size_t header_bytes_max = 64u << 10;
  // Sum of request bodies held in memory; beyond it reading waits.
  uint64_t buffered_bytes_max = 256u << 20;
  std::chrono::milliseconds header_timeout{
      10'000};  // from the first byte of a request to the end of its headers
  std::chrono::milliseconds idle_timeout{75'000};  // keep-alive without a request
  std::chrono::milliseconds body_timeout{30'000};  // between two pieces of a body, either direction
  uint64_t body_bytes_per_second_min = 1024;  // slower bodies, measured over body_timeout, are cut
  std::chrono::milliseconds drain_timeout{8'000};
  // Host header values accepted beside loopback names and the listen address; "*" accepts any.
  std::vector<std::string> allowed_hosts;
  bool trust_forwarded = false;  // X-Forwarded-Proto and -Host, from a proxy in front
};

struct ServerStats {
  uint64_t connections_open = 0;
  uint64_t connections_accepted = 0;
  uint64_t connections_refused = 0;
  uint64_t requests = 0;
  uint64_t responses_4xx = 0;
  uint64_t responses_5xx = 0;
  uint64_t bytes_in = 0;
  uint64_t bytes_out = 0;
  uint64_t pool_queue = 0;
};

class Server {
 public:
  // `router` must outlive the server. Binds at once: kConflict when the port is taken, naming it.
  static Result<std::unique_ptr<Server>> Start(ServerOptions options, const Router& router);
  virtual ~Server() = default;  // Stop, then joins

  virtual uint16_t port() const = 0;
  virtual ServerStats stats() const = 0;
  // Stops accepting, lets running requests end within drain_timeout, then cuts. A handler that is
  // running can't be cut: Stop returns when it has. Streams that wait for more (StreamBody) are cut
  // at once. Idempotent.
  virtual void Stop() = 0;
};

// Host and Origin check, so that a web page can't drive a loopback server by DNS rebinding or
// cross-site requests. Absent Origin passes (not a browser); a present one must name this server or
// an allowed host. A loopback name needs this server's port; an allowed host without a port goes
// with any. A server on all addresses takes each literal address. Sec-Fetch-Site "cross-site"
// without an Origin passes only to read / and /ui.
Result<void> CheckHostAndOrigin(const Request& request, const ServerOptions& options,
                                uint16_t port);

}  // namespace caudal::http
