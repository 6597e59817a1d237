// Short-lived access tokens: "caudal_access_<key id>.<expiry, seconds>.<mac>". Nothing is stored:
// the mac, with the server's own secret, tells that it was issued here.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"

namespace caudal::auth {

inline constexpr std::string_view kAccessTokenPrefix = "caudal_access_";

std::string MakeAccessToken(std::string_view secret, std::string_view key_id,
                            int64_t expires_seconds);
// The id of the key that it was issued for. kUnauthenticated when it is forged or has expired.
Result<std::string> VerifyAccessToken(std::string_view secret, std::string_view token, Micros now);

}  // namespace caudal::auth
