#include <algorithm>

#include "api/admin/handlers.h"
#include "os/file.h"

namespace caudal::api::admin {
namespace {

constexpr uint64_t kTailBytesMax = 1u << 20;

// The last `lines` lines of the file, as they are: JSON lines. Only its last megabyte is read.
Result<http::Response> Tail(const AdminDependencies& deps, const http::Request& request) {
  const int64_t lines = TRY(IntParameter(request, "lines", 100, 1, 10'000));
  const os::File file = TRY(os::File::Open(deps.log_file, os::File::Mode::kRead));
  const uint64_t size = TRY(file.Size());
  const uint64_t start = size > kTailBytesMax ? size - kTailBytesMax : 0;
  std::string text(size - start, '\0');
  text.resize(TRY(file.ReadAt(start, text.data(), text.size())));
  if (start > 0) text.erase(0, std::min(text.size(), text.find('\n')) + 1);
  size_t from = text.size();
  for (int64_t left = lines + 1; left > 0 && from > 0; --left) {
    const size_t newline = text.rfind('\n', from - 1);
    if (newline == std::string::npos) {
      from = 0;
      break;
    }
    from = newline;
  }
  if (from > 0 || text.starts_with('\n')) ++from;
  http::Response response =
      http::Response::Text(200, text.substr(std::min(from, text.size())), "application/x-ndjson");
  response.headers.Set("Cache-Control", "no-store");
  return response;
}

}  // namespace

void AddLogRoutes(http::Router& router, const Dependencies& dependencies) {
  Add(router, http::Method::kGet, "/api/v1/logs", "admin.logs.get",
      [deps = dependencies](http::Request& request) { return Tail(*deps, request); });
}

}  // namespace caudal::api::admin
