#include "app/authorizer.h"

#include "api/gcs/routes.h"
#include "auth/signature.h"
#include "data/digest.h"

namespace caudal::app {
namespace {

bool StartsWithoutCase(std::string_view text, std::string_view lower) {
  if (text.size() < lower.size()) return false;
  for (size_t i = 0; i < lower.size(); ++i)
    if ((text[i] | 0x20) != lower[i] && text[i] != lower[i]) return false;
  return true;
}

auth::SignedRequest SignedFormOf(const http::Request& request) {
  auth::SignedRequest form{http::NameOf(request.method), request.path, request.raw_query, {}};
  form.headers.assign(request.headers.begin(), request.headers.end());
  return form;
}

bool CameThroughAProxy(const http::Request& request) {
  return request.headers.Get("X-Forwarded-For") || request.headers.Get("Forwarded") ||
         request.headers.Get("Via") || request.headers.Get("X-Real-IP");
}

// Spares other requests the form above. Parts of a signature alone count: one that lost its
// signature proper must not pass for a request that never had any.
bool MayBeSigned(std::string_view query) {
  for (const std::string_view part : {"oog-", "mz-", "ccess"})
    if (query.find(part) != std::string_view::npos) return true;
  return false;
}

// What a token that is confined to some objects may be used for; which objects, api/gcs looks at.
Result<void> CheckConfined(const auth::Bearer& bearer, std::string_view action) {
  if (bearer.places.empty() || action.starts_with("storage.objects.") ||
      action == "storage.uploads.continue" || action == "storage.batch" ||
      action == "storage.buckets.get")
    return {};
  return MakeError(ErrorKind::kDenied,
                   "this token is for the objects of one table, and for nothing else",
                   "auth.confined");
}

// A JWT or an opaque token that only we can have issued.
bool IsOurs(std::string_view token) { return token.starts_with("caudal_"); }

}  // namespace

http::Authorizer MakeAuthorizer(AuthorizerOptions options, auth::KeyStore& keys,
                                const Clock& clock) {
  return [options = std::move(options), &keys, &clock](
             const http::Request& request, std::string_view action) -> Result<http::Principal> {
    if (action.starts_with("public.")) return http::Principal{};
    const auto header = request.headers.Get("Authorization");
    if (header || MayBeSigned(request.raw_query)) {
      const auth::SignedRequest form = SignedFormOf(request);
      if (auth::IsSigned(form))
        return http::Principal{TRY(auth::VerifySignature(form, keys, clock)), true, {}, {}};
    }
    if (header && StartsWithoutCase(*header, "bearer ")) {
      const std::string_view token = header->substr(7);
      if (!options.admin_token.empty() && EqualConstantTime(token, options.admin_token))
        return http::Principal{
            std::string(auth::kLocalKeyName), true, std::string(auth::kLocalKeyId), {}};
      Result<auth::Bearer> bearer = keys.VerifyBearer(token);
      if (bearer.ok()) {
        TRY(CheckConfined(*bearer, action));
        return http::Principal{std::move(bearer->name), true, std::move(bearer->key_id),
                               std::move(bearer->places)};
      }
      if (options.required || IsOurs(token)) return std::move(bearer).error();
    }
    if (!options.required) return http::Principal{};
    // The unguessable id of the upload is the proof: who was allowed to start it may go on with it,
    // also from a signed URL, whose followers carry no credentials.
    if (api::gcs::IsUploadAction(action) && request.query.Has("upload_id"))
      return http::Principal{};
    if (options.function_of && !header && !CameThroughAProxy(request))
      if (const auto function = options.function_of(request))
        return http::Principal{"function " + *function, true, {}, {}};
    if (action == "metrics.read" && options.loopback && !CameThroughAProxy(request))
      return http::Principal{};
    return MakeError(ErrorKind::kUnauthenticated,
                     "this server needs a key: send `Authorization: Bearer <token>` or a V4 "
                     "signature; `caudal keys create NAME` issues them",
                     "auth.required");
  };
}

}  // namespace caudal::app
