#include "auth/signature.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "auth/canonical.h"
#include "auth/rsa.h"
#include "auth/signature_fields.h"
#include "data/digest.h"

namespace caudal::auth {
namespace {

constexpr Micros kSkew = 15ll * 60 * 1'000'000;
constexpr std::string_view kUnsignedPayload = "UNSIGNED-PAYLOAD";

Error Denied(std::string message, std::string code) {
  return MakeError(ErrorKind::kDenied, std::move(message), std::move(code));
}

Result<void> CheckTime(const SignatureFields& fields, Micros now) {
  if (fields.time > now + kSkew)
    return Denied("the signature is dated in the future; compare the clocks",
                  "signature.not_yet_valid");
  const Micros valid =
      fields.place == SignatureFields::Place::kQuery ? fields.expires_seconds * 1'000'000 : kSkew;
  if (now >= fields.time + valid)
    return Denied("the signature has expired; sign the request again", "signature.expired");
  return {};
}

// Headers with a meaning of ours must be signed, else they could be added to a signed URL. These
// change nothing.
bool MayBeUnsigned(std::string_view lower_name) {
  constexpr std::array<std::string_view, 5> kHarmless = {
      "x-goog-api-client", "x-goog-gcs-idempotency-token", "x-goog-user-project",
      "x-goog-request-params", "x-amz-user-agent"};
  return std::ranges::find(kHarmless, lower_name) != kHarmless.end();
}

Result<void> CheckUnsignedHeaders(const SignedRequest& request, const SignatureFields& fields) {
  for (const auto& [name, value] : request.headers) {
    const std::string lower = LowerAscii(name);
    if (!lower.starts_with("x-goog-") && !lower.starts_with("x-amz-")) continue;
    if (!MayBeUnsigned(lower) && !std::ranges::binary_search(fields.signed_headers, lower))
      return Denied(fmt::format("header {} must be among the signed headers", lower),
                    "signature.unsigned_header");
  }
  return {};
}

std::string PayloadOf(const SignedRequest& request) {
  for (const char* name : {"x-goog-content-sha256", "x-amz-content-sha256"})
    if (const auto value = HeaderOf(request, name)) return *value;
  return std::string(kUnsignedPayload);
}

// The signed headers as they may have been signed. Google's Node client signs the host's name
// alone, and sends it with the port; the port says nothing that a signature has to protect.
Result<std::vector<std::string>> SignedHeadersOf(const SignedRequest& request,
                                                 const SignatureFields& fields) {
  std::vector<std::string> forms = {TRY(CanonicalHeaders(request, fields.signed_headers))};
  if (fields.place != SignatureFields::Place::kQuery) return forms;
  SignedRequest portless = request;
  for (auto& [name, value] : portless.headers) {
    const size_t colon = value.rfind(':');
    if (LowerAscii(name) != "host" || colon == std::string::npos || value.ends_with(']')) continue;
    value.resize(colon);
    forms.push_back(TRY(CanonicalHeaders(portless, fields.signed_headers)));
    break;
  }
  return forms;
}

std::string SigningKey(const SignatureFields& fields, const std::string& secret) {
  std::string key = HmacSha256((fields.amazon ? "AWS4" : "GOOG4") + secret, fields.date);
  key = HmacSha256(key, fields.region);
  key = HmacSha256(key, fields.service);
  return HmacSha256(key, fields.amazon ? "aws4_request" : "goog4_request");
}

}  // namespace

std::optional<std::string> SignedPayload(const SignedRequest& request) {
  std::string payload = PayloadOf(request);
  if (payload == kUnsignedPayload) return std::nullopt;
  return payload;
}

Result<std::string> VerifySignature(const SignedRequest& request, const KeyStore& keys,
                                    const Clock& clock) {
  const SignatureFields fields = TRY(ParseSignature(request));
  TRY(CheckTime(fields, clock.Now()));
  TRY(CheckUnsignedHeaders(request, fields));
  const std::string payload = PayloadOf(request);
  if (payload.starts_with("STREAMING-"))
    return MakeError(ErrorKind::kUnsupported,
                     "bodies signed piece by piece (aws-chunked) aren't supported; send "
                     "UNSIGNED-PAYLOAD or the SHA-256 of the body",
                     "signature.unsupported");

  const bool rsa = fields.algorithm == "GOOG4-RSA-SHA256";
  const std::optional<std::string> proof =
      rsa ? keys.PublicKeyOf(fields.signer) : keys.HmacSecret(fields.signer);
  const std::optional<std::string> name = keys.NameOfSigner(fields.signer);
  if (!proof || !name)
    return Denied("the signature's key isn't known, or was revoked, or has expired",
                  "signature.unknown_key");

  std::optional<std::string_view> left_out;
  if (fields.place == SignatureFields::Place::kQuery)
    left_out = fields.amazon ? "x-amz-signature" : "x-goog-signature";
  const std::string query = CanonicalQuery(request.raw_query, left_out);
  const std::vector<std::string> header_forms = TRY(SignedHeadersOf(request, fields));
  std::string names;
  for (const std::string& header : fields.signed_headers)
    names += (names.empty() ? "" : ";") + header;
  const auto valid = [&](const std::string& path, const std::string& headers) {
    const std::string canonical =
        fmt::format("{}\n{}\n{}\n{}\n{}\n{}", request.method, path, query, headers, names, payload);
    const std::string to_sign = fmt::format("{}\n{}\n{}\n{}", fields.algorithm, fields.timestamp,
                                            fields.scope(), EncodeHex(Sha256(canonical)));
    return rsa ? VerifyRs256(*proof, to_sign, fields.signature)
               : EqualConstantTime(HmacSha256(SigningKey(fields, *proof), to_sign),
                                   fields.signature);
  };
  for (const std::string& path : CanonicalPaths(request.path))
    for (const std::string& headers : header_forms)
      if (valid(path, headers)) return *name;
  return Denied(
      "the signature doesn't match the request: method, path, query and signed headers must be as "
      "they were signed, with this key",
      "signature.mismatch");
}

}  // namespace caudal::auth
