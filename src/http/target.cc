#include "http/target.h"

#include "http/ascii.h"

namespace caudal::http {
namespace {

bool StartsWithIgnoringCase(std::string_view text, std::string_view prefix) {
  return text.size() >= prefix.size() && EqualIgnoringCase(text.substr(0, prefix.size()), prefix);
}

// The first of a comma-separated list: the outermost proxy's word.
std::string_view FirstOf(std::string_view list) {
  return TrimBlanks(list.substr(0, list.find(',')));
}

}  // namespace

bool IsAuthority(std::string_view text) {
  if (text.empty()) return false;
  for (const char c : text) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    if (!plain && std::string_view("-._~:[]%").find(c) == std::string_view::npos) return false;
  }
  return true;
}

Result<void> ReadTarget(Request& request) {
  std::string_view rest = request.target;
  if (StartsWithIgnoringCase(rest, "http://") || StartsWithIgnoringCase(rest, "https://")) {
    rest.remove_prefix(rest.find("//") + 2);
    const size_t end = rest.find_first_of("/?");
    const std::string_view authority = rest.substr(0, end);
    if (!IsAuthority(authority)) {
      return MakeError(ErrorKind::kInvalid, "the request target's host is malformed");
    }
    request.headers.Set("Host", std::string(authority));
    rest = end == std::string_view::npos ? std::string_view() : rest.substr(end);
    if (!rest.starts_with('/')) {
      request.path = "/";
      if (rest.starts_with('?')) request.raw_query = rest.substr(1);
      request.query = Parameters::Parse(request.raw_query);
      return {};
    }
  } else if (!rest.starts_with('/') && rest != "*") {
    return MakeError(ErrorKind::kInvalid,
                     "the request target must be a path that starts with /, or an http URL");
  }
  const size_t question = rest.find('?');
  request.path = rest.substr(0, question);
  if (question != std::string_view::npos) {
    request.raw_query = rest.substr(question + 1);
    request.query = Parameters::Parse(request.raw_query);
  }
  return {};
}

void SetBaseUrl(Request& request, const ServerOptions& options, uint16_t port) {
  std::string_view scheme = "http";
  std::string_view host = request.headers.Get("Host").value_or(std::string_view());
  if (options.trust_forwarded) {
    const std::string_view proto =
        FirstOf(request.headers.Get("X-Forwarded-Proto").value_or(std::string_view()));
    if (EqualIgnoringCase(proto, "https")) scheme = "https";
    const std::string_view forwarded =
        FirstOf(request.headers.Get("X-Forwarded-Host").value_or(std::string_view()));
    if (IsAuthority(forwarded)) host = forwarded;
  }
  request.base_url.reserve(scheme.size() + host.size() + 3);
  request.base_url = scheme;
  request.base_url += "://";
  if (host.empty()) {
    request.base_url += options.host + ":" + std::to_string(port);
  } else {
    request.base_url += host;
  }
}

}  // namespace caudal::http
