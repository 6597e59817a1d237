// Short-lived access tokens. Nothing is stored: the mac, with the server's own secret, tells that
// one was issued here.
//
//   caudal_access_<key id>.<expiry, seconds>.<mac>             all that the key may do
//   caudal_objects_<key id>.<expiry>.<places, base64url>.<mac>   objects at these places alone
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"

namespace caudal::auth {

struct AccessGrant {
  std::string key_id;
  int64_t expires_seconds = 0;
  // "bucket/prefix" each; empty: no limit.
  std::vector<std::string> places;
};

// By its beginning alone.
bool IsAccessToken(std::string_view token);
std::string MakeAccessToken(std::string_view secret, const AccessGrant& grant);
// kUnauthenticated when it is forged or has expired.
Result<AccessGrant> VerifyAccessToken(std::string_view secret, std::string_view token, Micros now);

}  // namespace caudal::auth
