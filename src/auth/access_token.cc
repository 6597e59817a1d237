#include "auth/access_token.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "data/digest.h"

namespace caudal::auth {
namespace {

constexpr std::string_view kWhole = "caudal_access_";
constexpr std::string_view kConfined = "caudal_objects_";

// What comes before the next dot, which goes too.
std::string_view TakePart(std::string_view& text) {
  const size_t dot = std::min(text.find('.'), text.size());
  const std::string_view part = text.substr(0, dot);
  text.remove_prefix(std::min(dot + 1, text.size()));
  return part;
}

// A zero byte ends each: no name has one.
std::string JoinPlaces(const std::vector<std::string>& places) {
  std::string text;
  for (const std::string& place : places) text += place + '\0';
  return text;
}

std::vector<std::string> SplitPlaces(std::string_view text) {
  std::vector<std::string> places;
  while (!text.empty()) {
    const size_t end = std::min(text.find('\0'), text.size());
    places.emplace_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return places;
}

}  // namespace

bool IsAccessToken(std::string_view token) {
  return token.starts_with(kWhole) || token.starts_with(kConfined);
}

std::string MakeAccessToken(std::string_view secret, const AccessGrant& grant) {
  std::string text = fmt::format("{}{}.{}", grant.places.empty() ? kWhole : kConfined, grant.key_id,
                                 grant.expires_seconds);
  if (!grant.places.empty()) text += "." + EncodeBase64Url(JoinPlaces(grant.places));
  return text + "." + EncodeBase64Url(HmacSha256(secret, text));
}

Result<AccessGrant> VerifyAccessToken(std::string_view secret, std::string_view token, Micros now) {
  const auto invalid = [] {
    return MakeError(ErrorKind::kUnauthenticated, "the access token isn't valid", "token.invalid");
  };
  const size_t mac_dot = token.rfind('.');
  if (!IsAccessToken(token) || mac_dot == std::string_view::npos) return invalid();
  const std::string_view signed_part = token.substr(0, mac_dot);
  if (!EqualConstantTime(EncodeBase64Url(HmacSha256(secret, signed_part)),
                         token.substr(mac_dot + 1)))
    return invalid();
  const bool confined = token.starts_with(kConfined);
  std::string_view left = signed_part.substr((confined ? kConfined : kWhole).size());
  AccessGrant grant;
  grant.key_id = TakePart(left);
  const std::string_view digits = TakePart(left);
  if (std::from_chars(digits.data(), digits.data() + digits.size(), grant.expires_seconds).ec !=
      std::errc())
    return invalid();
  if (now / 1'000'000 >= grant.expires_seconds)
    return MakeError(ErrorKind::kUnauthenticated, "the access token has expired; ask for a new one",
                     "token.expired");
  if (!confined) return grant;
  const Result<std::string> places = DecodeBase64(left);
  if (!places.ok() || places->empty()) return invalid();
  grant.places = SplitPlaces(*places);
  return grant;
}

}  // namespace caudal::auth
