#include <gtest/gtest.h>

#include "http/server.h"

namespace caudal::http {
namespace {

struct Case {
  std::string host;
  std::string origin;
  std::string site;
  std::string path;
  bool allowed;
};

bool Allowed(const Case& c, const ServerOptions& options) {
  Request request;
  request.path = c.path;
  if (!c.host.empty()) request.headers.Add("Host", c.host);
  if (!c.origin.empty()) request.headers.Add("Origin", c.origin);
  if (!c.site.empty()) request.headers.Add("Sec-Fetch-Site", c.site);
  const Result<void> result = CheckHostAndOrigin(request, options, 8080);
  EXPECT_TRUE(result.ok() || result.error().Is(ErrorKind::kDenied));
  return result.ok();
}

TEST(CheckHostAndOrigin, OnALoopbackServer) {
  const std::vector<Case> cases = {
      {"localhost:8080", "", "", "/x", true},
      {"LOCALHOST:8080", "", "", "/x", true},
      {"127.0.0.1:8080", "", "", "/x", true},
      {"[::1]:8080", "", "", "/x", true},
      {"localhost", "", "", "/x", true},  // a tunnel's port 80
      {"localhost:9000", "", "", "/x", true},
      {"localhost:9000", "http://localhost:9000", "", "/x", true},
      {"localhost:9000", "http://localhost:3000", "", "/x", false},
      {"evil.example:8080", "", "", "/x", false},
      {"localhost.evil.example:8080", "", "", "/x", false},
      {"127.0.0.1.evil.example:8080", "", "", "/x", false},
      {"localhost:8080@evil.example", "", "", "/x", false},
      {"localhost:8080:8080", "", "", "/x", false},
      {"localhost:", "", "", "/x", false},
      {"[::1", "", "", "/x", false},
      {"192.168.1.5:8080", "", "", "/x", false},
      {"localhost:8080", "http://localhost:8080", "", "/x", true},
      {"localhost:8080", "https://127.0.0.1:8080", "", "/x", true},
      {"localhost:8080", "http://localhost:3000", "", "/x", false},
      {"localhost:8080", "http://evil.example", "", "/x", false},
      {"localhost:8080", "null", "", "/x", false},
      {"localhost:8080", "file://localhost:8080", "", "/x", false},
      {"localhost:8080", "", "cross-site", "/storage/v1/b", false},
      {"localhost:8080", "", "cross-site", "/ui/x", true},
      {"localhost:8080", "", "cross-site", "/ui", true},
      {"localhost:8080", "", "cross-site", "/", true},
      {"localhost:8080", "", "cross-site", "/uix", false},
      {"localhost:8080", "", "same-origin", "/x", true},
      {"localhost:8080", "", "none", "/x", true},
  };
  for (const Case& c : cases) {
    EXPECT_EQ(Allowed(c, {}), c.allowed) << c.host << " " << c.origin << " " << c.path;
  }
}

TEST(CheckHostAndOrigin, WithAllowedHosts) {
  ServerOptions options;
  options.allowed_hosts = {"data.example", "exact.example:99"};
  EXPECT_TRUE(Allowed({"data.example", "", "", "/x", true}, options));
  EXPECT_TRUE(Allowed({"DATA.example:1234", "https://data.example", "", "/x", true}, options));
  EXPECT_TRUE(Allowed({"exact.example:99", "", "", "/x", true}, options));
  EXPECT_FALSE(Allowed({"exact.example:98", "", "", "/x", true}, options));
  EXPECT_FALSE(Allowed({"other.example", "", "", "/x", true}, options));
  options.allowed_hosts = {"*"};
  EXPECT_TRUE(Allowed({"anything", "https://any.example", "", "/x", true}, options));
  EXPECT_FALSE(Allowed({"anything", "null", "", "/x", true}, options));
}

TEST(CheckHostAndOrigin, OnAllAddresses) {
  ServerOptions options;
  options.host = "0.0.0.0";
  EXPECT_TRUE(Allowed({"192.168.1.5:9000", "", "", "/x", true}, options));
  EXPECT_FALSE(Allowed({"evil.example:8080", "", "", "/x", true}, options));
}

}  // namespace
}  // namespace caudal::http
