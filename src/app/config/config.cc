#include "app/config/config.h"

#include <algorithm>

namespace caudal::app {
namespace {

std::string HostOfUrl(const std::string& url) {
  const size_t scheme = url.find("://");
  if (scheme == std::string::npos) return url;
  std::string authority = url.substr(scheme + 3);
  authority = authority.substr(0, authority.find('/'));
  if (authority.starts_with('[')) return authority.substr(1, authority.find(']') - 1);
  return authority.substr(0, authority.find(':'));
}

}  // namespace

bool IsLoopback(const std::string& host) {
  return host == "localhost" || host == "::1" || host == "[::1]" || host.starts_with("127.");
}

bool AuthIsRequired(const Config& config) {
  switch (config.auth.required) {
    case AuthRequired::kAlways:
      return true;
    case AuthRequired::kNever:
      return false;
    case AuthRequired::kAuto:
      break;
  }
  const ServerConfig& server = config.server;
  const bool proxied =
      server.trust_forwarded ||
      (!server.public_url.empty() && !IsLoopback(HostOfUrl(server.public_url))) ||
      std::any_of(server.allowed_hosts.begin(), server.allowed_hosts.end(),
                  [](const std::string& host) { return !IsLoopback(HostOfUrl("x://" + host)); });
  return proxied || !IsLoopback(server.listen.host);
}

std::string Config::log_file() const {
  return log.file.empty() ? data + "/logs/caudal.log" : log.file;
}

std::string Config::url() const {
  if (!server.public_url.empty()) return server.public_url;
  const bool v6 = server.listen.host.find(':') != std::string::npos;
  return "http://" + (v6 ? "[" + server.listen.host + "]" : server.listen.host) + ":" +
         std::to_string(server.listen.port);
}

}  // namespace caudal::app
