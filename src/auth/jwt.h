// JSON Web Tokens (RFC 7519) in compact form, RS256 only.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"

namespace caudal::auth {

struct Jwt {
  std::string algorithm;
  std::string key_id;  // empty when absent
  std::string issuer;
  std::string subject;  // empty when absent
  std::vector<std::string> audience;
  int64_t issued_at_seconds = 0;
  int64_t expires_seconds = 0;
  std::string_view signed_part;  // of the parsed text
  std::string signature;
};

// Checks the form only. kUnauthenticated (code "invalid_grant") when it is malformed, too long or
// lacks iss, iat or exp. `text` must outlive the result.
Result<Jwt> ParseJwt(std::string_view text);

// The times: issued not in the future, not expired, good for an hour at most; with five minutes
// for clocks that differ.
Result<void> CheckJwtTimes(const Jwt& jwt, Micros now);

// "https://host/token" and the like, whatever the host: clients put Google's there.
bool IsTokenEndpoint(std::string_view audience);

}  // namespace caudal::auth
