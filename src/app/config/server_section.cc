#include "app/config/sections.h"
#include "app/config/values.h"

namespace caudal::app {
namespace {

using namespace std::chrono_literals;

const std::vector<Key<ServerConfig>>& Keys() {
  using C = ServerConfig;
  constexpr auto kLive = Change::kLive;
  constexpr auto kRestart = Change::kRestart;
  static const std::vector<Key<C>> keys = {
      Field("listen", &C::listen, HostAndPort{}, kRestart,
            "Address and port of the one listener; port 0 takes any free one. Off loopback a key "
            "must exist first: `caudal keys create`."),
      Field("public_url", &C::public_url, Url{.path_allowed = false}, kLive,
            "How clients reach the server, when a proxy or another name stands in front. Links in "
            "events and key files begin with it."),
      Field("allowed_hosts", &C::allowed_hosts, ListOf<PlainText>{}, kRestart,
            "Host names accepted in the Host and Origin headers beside loopback names, the listen "
            "address and the host of public_url. `*` accepts any."),
      Field("trust_forwarded", &C::trust_forwarded, Flag{}, kRestart,
            "Believe X-Forwarded-Proto and X-Forwarded-Host. Only behind a proxy that sets them."),
      Field("threads", &C::threads, Whole{1, 256}, kRestart,
            "Threads that move bytes between connections and handlers."),
      Field("pool_threads", &C::pool_threads, Whole{1, 1024}, kRestart,
            "Threads for work that waits for the disk."),
      Field("connections_max", &C::connections_max, Whole{1, 1'000'000}, kRestart,
            "More connections than this are answered 503 and closed."),
      Field("header_bytes_max", &C::header_bytes_max, Size{4 << 10, 1 << 20}, kRestart,
            "Longest request line and headers together."),
      Field("buffered_bytes_max", &C::buffered_bytes_max, Size{16 << 20, 1ull << 40}, kRestart,
            "Request bodies held in memory, all together; beyond it reading waits."),
      Field("header_timeout", &C::header_timeout, Duration{100ms, 10min}, kRestart,
            "From the first byte of a request to the end of its headers."),
      Field("idle_timeout", &C::idle_timeout, Duration{1s, 24h}, kRestart,
            "How long a connection may stay open without a request."),
      Field("body_timeout", &C::body_timeout, Duration{1s, 1h}, kRestart,
            "Longest pause between two pieces of a body, in either direction."),
      Field("body_bytes_per_second_min", &C::body_bytes_per_second_min, Size{0, 1 << 30}, kRestart,
            "Bodies that arrive more slowly are cut."),
      Field("drain_timeout", &C::drain_timeout, Duration{0ms, 9s}, kRestart,
            "How long running requests may go on after SIGTERM; the whole stop takes at most 10s."),
  };
  return keys;
}

}  // namespace

const Section<ServerConfig>& ServerSection() {
  static const Section<ServerConfig> section{&Keys};
  return section;
}

}  // namespace caudal::app
