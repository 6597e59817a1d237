// Request targets from outside: query parameters, percent escapes, and the routes of a real server.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "http/message.h"
#include "http/router.h"

namespace {

using caudal::http::Method;
using caudal::http::Request;

const caudal::http::Router& Routes() {
  static const caudal::http::Router* const kRouter = [] {
    auto* router = new caudal::http::Router;
    for (const char* pattern :
         {"/", "/ui/{path*}", "/storage/v1/b", "/storage/v1/b/{bucket}", "/storage/v1/b/{bucket}/o",
          "/storage/v1/b/{bucket}/o/{object}", "/storage/v1/b/{bucket}/o/{object}/compose",
          "/storage/v1/b/{bucket}/o/{object}/acl",
          "/storage/v1/b/{source}/o/{from}/rewriteTo/b/{target}/o/{to}",
          "/upload/storage/v1/b/{bucket}/o", "/download/storage/v1/b/{bucket}/o/{object*}",
          "/{bucket}", "/{bucket}/{object*}"}) {
      caudal::http::Route route;
      route.pattern = pattern;
      route.handler = [](Request&) -> caudal::Result<caudal::http::Response> {
        return caudal::http::Response::Empty(200);
      };
      router->Add(std::move(route));
    }
    return router;
  }();
  return *kRouter;
}

void Require(bool condition) {
  if (!condition) __builtin_trap();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);

  const auto decoded = caudal::http::PercentDecode(text);
  if (decoded.ok()) Require(decoded.value().size() <= text.size());
  const std::string encoded = caudal::http::PercentEncode(text);
  Require(caudal::http::PercentDecode(encoded).value() == text);

  size_t parameters = 0;
  for (const auto& [name, value] : caudal::http::Parameters::Parse(text)) {
    ++parameters;
    Require(name.size() + value.size() <= size);
  }
  Require(parameters <= size);
  // What was encoded comes back as it was.
  const auto round = caudal::http::Parameters::Parse(encoded + "=" + encoded);
  Require(round.Get(text) == text);

  Request request;
  request.method = Method::kGet;
  request.path = "/" + std::string(text);
  const auto match = Routes().Find(request);
  Require(match.style != nullptr);
  // "/{bucket}/{object*}" takes every path, so only a bad escape stands in the way.
  Require(match.route != nullptr || match.error.has_value());
  if (match.route != nullptr) {
    for (const auto& [name, value] : request.path_parameters) {
      Require(&request.Path(name) == &value && value.size() <= request.path.size());
    }
  }
  return 0;
}
