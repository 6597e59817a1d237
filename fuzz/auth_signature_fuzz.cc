// Signed requests: the first line is the query, the second the Authorization header, the third the
// path, the rest headers.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "auth/canonical.h"
#include "auth/signature.h"
#include "auth/signature_fields.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace caudal::auth;
  std::string_view input(reinterpret_cast<const char*>(data), size);
  const auto next_line = [&] {
    const size_t end = input.find('\n');
    const std::string_view line = input.substr(0, end);
    input.remove_prefix(end == std::string_view::npos ? input.size() : end + 1);
    return line;
  };
  SignedRequest request;
  request.method = "GET";
  request.raw_query = next_line();
  request.headers.emplace_back("Authorization", next_line());
  request.path = next_line();
  while (!input.empty()) {
    const std::string_view line = next_line();
    const size_t colon = line.find(':');
    if (colon != std::string_view::npos)
      request.headers.emplace_back(line.substr(0, colon), line.substr(colon + 1));
  }
  const bool is_signed = IsSigned(request);
  const auto fields = ParseSignature(request);
  if (fields.ok() && !is_signed) abort();
  if (fields.ok()) (void)CanonicalHeaders(request, fields->signed_headers).ok();
  (void)CanonicalQuery(request.raw_query, "x-goog-signature");
  (void)CanonicalPaths(request.path);
  (void)SignedPayload(request);
  return 0;
}
