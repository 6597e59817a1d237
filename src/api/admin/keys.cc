#include "api/admin/keys.h"

#include "api/admin/handlers.h"
#include "data/timestamp.h"

namespace caudal::api {

Json KeyJson(const auth::KeyInfo& key) {
  Json json = {{"id", key.id},
               {"name", key.name},
               {"kind", auth::NameOf(key.kind)},
               {"created", FormatRfc3339(key.created)}};
  if (!key.email.empty()) json["email"] = key.email;
  if (key.expires) json["expires"] = FormatRfc3339(*key.expires);
  return json;
}

Json IssuedKeyJson(const auth::IssuedKey& issued) {
  Json json = KeyJson(issued.info);
  json["secret"] = issued.secret;
  return json;
}

Result<auth::KeyKind> ParseKeyKind(const std::string& text) {
  if (text.empty() || text == "token") return auth::KeyKind::kToken;
  if (text == "service-account" || text == "service_account") return auth::KeyKind::kServiceAccount;
  if (text == "hmac") return auth::KeyKind::kHmac;
  return MakeError(ErrorKind::kInvalid,
                   "a key's kind is token, service-account or hmac, not '" + text + "'");
}

namespace admin {
namespace {

Result<http::Response> Create(const AdminDependencies& deps, const http::Request& request) {
  const Json body = TRY(ObjectBody(request));
  const auth::KeyKind kind = TRY(ParseKeyKind(TRY(TextMember(body, "kind"))));
  const std::string expires_text = TRY(TextMember(body, "expires"));
  std::optional<Micros> expires;
  if (!expires_text.empty()) expires = TRY(ParseRfc3339(expires_text));
  const auth::IssuedKey issued =
      TRY(deps.keys.Create(kind, TRY(TextMember(body, "name")), expires, deps.url() + "/token"));
  return JsonResponse(IssuedKeyJson(issued), 201);
}

}  // namespace

void AddKeyRoutes(http::Router& router, const Dependencies& dependencies) {
  Add(router, http::Method::kGet, "/api/v1/keys", "admin.keys.list",
      [deps = dependencies](http::Request&) -> Result<http::Response> {
        Json list = Json::array();
        for (const auth::KeyInfo& key : deps->keys.List()) list.push_back(KeyJson(key));
        return JsonResponse({{"keys", std::move(list)}});
      });
  Add(router, http::Method::kPost, "/api/v1/keys", "admin.keys.create",
      [deps = dependencies](http::Request& request) { return Create(*deps, request); });
  Add(router, http::Method::kDelete, "/api/v1/keys/{id}", "admin.keys.revoke",
      [deps = dependencies](http::Request& request) -> Result<http::Response> {
        TRY(deps->keys.Revoke(request.Path("id")));
        return http::Response::Empty(204);
      });
}

}  // namespace admin
}  // namespace caudal::api
