#include "auth/jwt.h"

#include <fmt/format.h>

#include <cmath>

#include "data/digest.h"
#include "data/json.h"

namespace caudal::auth {
namespace {

constexpr size_t kBytesMax = 16u << 10;
constexpr int64_t kLifeSecondsMax = 3600;
constexpr int64_t kSkewSeconds = 300;

Error Refused(std::string message) {
  return MakeError(ErrorKind::kUnauthenticated, std::move(message), "invalid_grant");
}

Result<Json> ParsePart(std::string_view base64, const char* what) {
  const Result<std::string> text = DecodeBase64(base64);
  if (!text.ok()) return Refused(fmt::format("the {} of the JWT isn't base64url", what));
  Result<Json> json = ParseJson(*text, what, 8);
  if (!json.ok() || !json->is_object())
    return Refused(fmt::format("the {} of the JWT isn't a JSON object", what));
  return json;
}

std::string TextAt(const Json& object, const char* name) {
  const auto found = object.find(name);
  return found != object.end() && found->is_string() ? found->get<std::string>() : "";
}

Result<int64_t> SecondsAt(const Json& object, const char* name) {
  const auto found = object.find(name);
  if (found == object.end() || !found->is_number())
    return Refused(fmt::format("claim {} of the JWT is missing or no number", name));
  const double value = found->get<double>();
  if (!std::isfinite(value) || value < 0 || value > 1e12)
    return Refused(fmt::format("claim {} of the JWT is no time", name));
  return static_cast<int64_t>(value);
}

}  // namespace

Result<Jwt> ParseJwt(std::string_view text) {
  if (text.size() > kBytesMax)
    return Refused(fmt::format("the JWT has more than {} bytes", kBytesMax));
  const size_t first = text.find('.');
  const size_t second = first == std::string_view::npos ? first : text.find('.', first + 1);
  if (second == std::string_view::npos || text.find('.', second + 1) != std::string_view::npos)
    return Refused("a JWT has three parts, separated by dots");
  const Json header = TRY(ParsePart(text.substr(0, first), "header"));
  const Json claims = TRY(ParsePart(text.substr(first + 1, second - first - 1), "claims"));
  Result<std::string> signature = DecodeBase64(text.substr(second + 1));
  if (!signature.ok()) return Refused("the signature of the JWT isn't base64url");

  Jwt jwt;
  jwt.algorithm = TextAt(header, "alg");
  jwt.key_id = TextAt(header, "kid");
  jwt.issuer = TextAt(claims, "iss");
  jwt.subject = TextAt(claims, "sub");
  if (jwt.issuer.empty()) return Refused("claim iss of the JWT is missing");
  const auto audience = claims.find("aud");
  if (audience != claims.end()) {
    if (audience->is_string()) jwt.audience.push_back(audience->get<std::string>());
    if (audience->is_array())
      for (const Json& one : *audience)
        if (one.is_string()) jwt.audience.push_back(one.get<std::string>());
  }
  jwt.issued_at_seconds = TRY(SecondsAt(claims, "iat"));
  jwt.expires_seconds = TRY(SecondsAt(claims, "exp"));
  jwt.signed_part = text.substr(0, second);
  jwt.signature = std::move(signature).value();
  return jwt;
}

Result<void> CheckJwtTimes(const Jwt& jwt, Micros now) {
  const int64_t now_seconds = now / 1'000'000;
  if (jwt.expires_seconds < jwt.issued_at_seconds ||
      jwt.expires_seconds - jwt.issued_at_seconds > kLifeSecondsMax)
    return Refused("the JWT must be good for an hour at most (exp - iat)");
  if (jwt.issued_at_seconds > now_seconds + kSkewSeconds)
    return Refused("the JWT was issued in the future (iat); compare the clocks");
  if (jwt.expires_seconds <= now_seconds - kSkewSeconds)
    return Refused("the JWT has expired (exp); compare the clocks");
  return {};
}

bool IsTokenEndpoint(std::string_view audience) {
  return (audience.starts_with("http://") || audience.starts_with("https://")) &&
         audience.ends_with("/token");
}

}  // namespace caudal::auth
