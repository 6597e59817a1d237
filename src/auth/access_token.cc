#include "auth/access_token.h"

#include <fmt/format.h>

#include <charconv>

#include "data/digest.h"

namespace caudal::auth {

std::string MakeAccessToken(std::string_view secret, std::string_view key_id,
                            int64_t expires_seconds) {
  const std::string signed_part =
      fmt::format("{}{}.{}", kAccessTokenPrefix, key_id, expires_seconds);
  return signed_part + "." + EncodeBase64Url(HmacSha256(secret, signed_part));
}

Result<std::string> VerifyAccessToken(std::string_view secret, std::string_view token, Micros now) {
  const auto invalid = [] {
    return MakeError(ErrorKind::kUnauthenticated, "the access token isn't valid", "token.invalid");
  };
  const size_t mac_dot = token.rfind('.');
  if (!token.starts_with(kAccessTokenPrefix) || mac_dot == std::string_view::npos) return invalid();
  const std::string_view signed_part = token.substr(0, mac_dot);
  if (!EqualConstantTime(EncodeBase64Url(HmacSha256(secret, signed_part)),
                         token.substr(mac_dot + 1)))
    return invalid();
  const std::string_view body = signed_part.substr(kAccessTokenPrefix.size());
  const size_t dot = body.find('.');
  if (dot == std::string_view::npos) return invalid();
  int64_t expires_seconds = 0;
  const std::string_view digits = body.substr(dot + 1);
  if (std::from_chars(digits.data(), digits.data() + digits.size(), expires_seconds).ec !=
      std::errc())
    return invalid();
  if (now / 1'000'000 >= expires_seconds)
    return MakeError(ErrorKind::kUnauthenticated, "the access token has expired; ask for a new one",
                     "token.expired");
  return std::string(body.substr(0, dot));
}

}  // namespace caudal::auth
