#include <algorithm>
#include <charconv>
#include <optional>

#include "http/ascii.h"
#include "http/server.h"

namespace caudal::http {
namespace {

struct HostPort {
  std::string_view host;  // an IPv6 address keeps its brackets
  std::optional<uint16_t> port;
};

std::optional<HostPort> Split(std::string_view authority) {
  HostPort out;
  size_t colon = authority.find(':');
  if (authority.starts_with('[')) {
    const size_t bracket = authority.find(']');
    if (bracket == std::string_view::npos) return std::nullopt;
    colon = bracket + 1 == authority.size() ? std::string_view::npos : bracket + 1;
    if (colon != std::string_view::npos && authority[colon] != ':') return std::nullopt;
  }
  out.host = authority.substr(0, colon);
  if (out.host.empty()) return std::nullopt;
  if (colon == std::string_view::npos) return out;
  const std::string_view digits = authority.substr(colon + 1);
  uint16_t port = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
  if (error != std::errc() || end != digits.data() + digits.size()) return std::nullopt;
  out.port = port;
  return out;
}

bool IsAddress(std::string_view host) {
  if (host.starts_with('[')) return true;
  return host.find_first_not_of("0123456789.") == std::string_view::npos;
}

bool SameHost(std::string_view host, std::string_view name) {
  if (host.starts_with('[') && !name.starts_with('[')) host = host.substr(1, host.size() - 2);
  return EqualIgnoringCase(host, name);
}

bool IsLoopbackName(std::string_view host) {
  return SameHost(host, "localhost") || SameHost(host, "127.0.0.1") || SameHost(host, "::1");
}

// `any_port`: for loopback names, through whatever port a tunnel maps to ours.
bool Accepts(const ServerOptions& options, uint16_t our_port, std::string_view authority,
             uint16_t default_port, bool any_port) {
  for (const std::string& allowed : options.allowed_hosts) {
    if (allowed == "*" || EqualIgnoringCase(allowed, authority)) return true;
  }
  const std::optional<HostPort> given = Split(authority);
  if (!given) return false;
  for (const std::string& allowed : options.allowed_hosts) {
    const std::optional<HostPort> entry = Split(allowed);
    if (entry && !entry->port && EqualIgnoringCase(entry->host, given->host)) return true;
  }
  // An address can't be rebound by DNS, so a server on all addresses takes each, through any port
  // that may be mapped to ours.
  const bool everywhere = options.host == "0.0.0.0" || options.host == "::";
  if (everywhere && IsAddress(given->host)) return true;
  if (any_port && IsLoopbackName(given->host)) return true;
  if (given->port.value_or(default_port) != our_port) return false;
  return IsLoopbackName(given->host) || SameHost(given->host, options.host);
}

bool IsPage(const Request& request) {
  if (request.method != Method::kGet && request.method != Method::kHead) return false;
  return request.path == "/" || request.path == "/ui" || request.path.starts_with("/ui/");
}

Error Denied(std::string message) {
  return MakeError(ErrorKind::kDenied, std::move(message), "http.host_or_origin");
}

}  // namespace

Result<void> CheckHostAndOrigin(const Request& request, const ServerOptions& options,
                                uint16_t port) {
  const auto host = request.headers.Get("Host");
  if (host && !Accepts(options, port, *host, 80, true)) {
    return Denied("the Host \"" + std::string(*host) +
                  "\" isn't this server's; use http://localhost:" + std::to_string(port) +
                  " or add the name to the server's allowed hosts");
  }
  const auto origin = request.headers.Get("Origin");
  if (origin) {
    const bool secure = origin->starts_with("https://");
    const bool web = secure || origin->starts_with("http://");
    const uint16_t default_port = secure ? 443 : 80;
    const std::string_view authority =
        origin->substr(std::min<size_t>(secure ? 8 : 7, origin->size()));
    // A page of the very host and port that the request names is our own page.
    const bool ours = host && EqualIgnoringCase(*host, authority);
    if (!web || (!ours && !Accepts(options, port, authority, default_port, false))) {
      return Denied("the Origin \"" + std::string(*origin) +
                    "\" may not call this server; add its host to the server's allowed hosts");
    }
  }
  const auto site = request.headers.Get("Sec-Fetch-Site");
  // Where a browser names the Origin, that was the finer check.
  if (site && !origin && EqualIgnoringCase(*site, "cross-site") && !IsPage(request)) {
    return Denied("a page of another site may not call " + request.path +
                  "; open it from this server's own pages");
  }
  return {};
}

}  // namespace caudal::http
