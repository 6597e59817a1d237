#include "api/admin/handlers.h"

namespace caudal::api::admin {
namespace {

constexpr std::string_view kGrant = "urn:ietf:params:oauth:grant-type:jwt-bearer";

// RFC 6749 §5.2: the error form that OAuth clients read.
http::Response OAuthError(int status, std::string_view error, const std::string& description) {
  return JsonResponse({{"error", error}, {"error_description", description}}, status);
}

// In a form a plus is a space; base64url and the grant type have neither, but their escapes do.
std::string FormText(std::string text) {
  for (char& c : text)
    if (c == '+') c = ' ';
  return text;
}

Result<http::Response> Exchange(const AdminDependencies& deps, const http::Request& request) {
  const http::Parameters form = http::Parameters::Parse(FormText(request.body));
  const auto grant = form.Get("grant_type");
  if (!grant || *grant != kGrant)
    return OAuthError(400, "unsupported_grant_type", "grant_type must be " + std::string(kGrant));
  const auto assertion = form.Get("assertion");
  if (!assertion) return OAuthError(400, "invalid_request", "the field 'assertion' is missing");
  Result<auth::AccessToken> token = deps.keys.ExchangeAssertion(*assertion);
  if (!token.ok()) return OAuthError(400, "invalid_grant", token.error().message);
  return JsonResponse({{"access_token", token->token},
                       {"expires_in", token->expires_in.count()},
                       {"token_type", "Bearer"}});
}

}  // namespace

void AddTokenRoutes(http::Router& router, const Dependencies& dependencies) {
  Add(router, http::Method::kPost, "/token", "public.token",
      [deps = dependencies](http::Request& request) { return Exchange(*deps, request); });
}

}  // namespace caudal::api::admin
