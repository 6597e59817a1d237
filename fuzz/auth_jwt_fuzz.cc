// Any text parses as a JWT or is refused.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "auth/jwt.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto jwt = caudal::auth::ParseJwt({reinterpret_cast<const char*>(data), size});
  if (jwt.ok()) (void)caudal::auth::CheckJwtTimes(*jwt, 1'800'000'000'000'000).ok();
  return 0;
}
