#include "auth/signature_fields.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <map>

#include "auth/canonical.h"
#include "data/digest.h"
#include "data/timestamp.h"

namespace caudal::auth {
namespace {

constexpr int64_t kExpiresSecondsMax = 604'800;

using Fields = std::map<std::string, std::string>;  // by lower-case name

Error Malformed(std::string message) {
  return MakeError(ErrorKind::kInvalid, std::move(message), "signature.malformed");
}

Result<std::string> Need(const Fields& fields, const std::string& name) {
  const auto found = fields.find(name);
  if (found == fields.end() || found->second.empty())
    return Malformed(fmt::format("the signature lacks {}", name));
  return found->second;
}

std::vector<std::string> Split(std::string_view text, char separator) {
  std::vector<std::string> parts;
  while (true) {
    const size_t end = text.find(separator);
    parts.emplace_back(text.substr(0, end));
    if (end == std::string_view::npos) return parts;
    text.remove_prefix(end + 1);
  }
}

Result<void> SetAlgorithm(SignatureFields& fields, std::string algorithm) {
  const bool known = fields.amazon
                         ? algorithm == "AWS4-HMAC-SHA256"
                         : algorithm == "GOOG4-RSA-SHA256" || algorithm == "GOOG4-HMAC-SHA256";
  if (!known)
    return MakeError(ErrorKind::kUnsupported,
                     "the signature's algorithm isn't one of GOOG4-RSA-SHA256, "
                     "GOOG4-HMAC-SHA256 and AWS4-HMAC-SHA256",
                     "signature.unsupported");
  fields.algorithm = std::move(algorithm);
  return {};
}

// "<signer>/20261123/us/storage/goog4_request"
Result<void> SetCredential(SignatureFields& fields, std::string_view credential) {
  const std::vector<std::string> parts = Split(credential, '/');
  if (parts.size() < 5)
    return Malformed(
        "the signature's credential isn't of the form SIGNER/DATE/REGION/SERVICE/TYPE");
  const size_t scope = parts.size() - 4;
  for (size_t i = 0; i < scope; ++i) fields.signer += (i == 0 ? "" : "/") + parts[i];
  fields.date = parts[scope];
  fields.region = parts[scope + 1];
  fields.service = parts[scope + 2];
  if (parts[scope + 3] != (fields.amazon ? "aws4_request" : "goog4_request") ||
      fields.service != (fields.amazon ? "s3" : "storage"))
    return Malformed("the signature's credential scope names another service");
  return {};
}

Result<void> SetTime(SignatureFields& fields, std::string timestamp) {
  const Result<Micros> time = ParseBasicTimestamp(timestamp);
  if (!time.ok()) return Malformed("the signature's date isn't of the form YYYYMMDDTHHMMSSZ");
  if (timestamp.substr(0, 8) != fields.date)
    return Malformed("the signature's date isn't the one of its credential scope");
  fields.time = *time;
  fields.timestamp = std::move(timestamp);
  return {};
}

Result<void> SetSignedHeaders(SignatureFields& fields, std::string_view list) {
  for (const std::string& name : Split(list, ';')) {
    if (name.empty() || name != LowerAscii(name))
      return Malformed("the names of signed headers must be lower case, separated by ';'");
    fields.signed_headers.push_back(name);
  }
  if (!std::ranges::is_sorted(fields.signed_headers) ||
      std::ranges::adjacent_find(fields.signed_headers) != fields.signed_headers.end())
    return Malformed("the names of signed headers must be sorted, each once");
  if (std::ranges::find(fields.signed_headers, "host") == fields.signed_headers.end())
    return Malformed("header host must be among the signed headers");
  return {};
}

Result<void> SetSignature(SignatureFields& fields, std::string_view hex) {
  Result<std::string> bytes = DecodeHex(LowerAscii(hex));
  if (!bytes.ok() || bytes->empty()) return Malformed("the signature isn't hexadecimal");
  fields.signature = std::move(bytes).value();
  return {};
}

Result<SignatureFields> FromQuery(const Fields& query, bool amazon) {
  SignatureFields fields;
  fields.place = SignatureFields::Place::kQuery;
  fields.amazon = amazon;
  const std::string prefix = amazon ? "x-amz-" : "x-goog-";
  TRY(SetAlgorithm(fields, TRY(Need(query, prefix + "algorithm"))));
  TRY(SetCredential(fields, TRY(Need(query, prefix + "credential"))));
  TRY(SetTime(fields, TRY(Need(query, prefix + "date"))));
  const std::string expires = TRY(Need(query, prefix + "expires"));
  const char* end = expires.data() + expires.size();
  const auto parsed = std::from_chars(expires.data(), end, fields.expires_seconds);
  if (parsed.ec != std::errc() || parsed.ptr != end || fields.expires_seconds < 1 ||
      fields.expires_seconds > kExpiresSecondsMax)
    return Malformed(
        fmt::format("{}expires must be 1 to {} seconds (7 days)", prefix, kExpiresSecondsMax));
  TRY(SetSignedHeaders(fields, TRY(Need(query, prefix + "signedheaders"))));
  TRY(SetSignature(fields, TRY(Need(query, prefix + "signature"))));
  return fields;
}

// "GOOG4-HMAC-SHA256 Credential=…, SignedHeaders=…, Signature=…"
Result<SignatureFields> FromHeader(const SignedRequest& request, std::string_view authorization) {
  SignatureFields fields;
  fields.place = SignatureFields::Place::kHeader;
  fields.amazon = authorization.starts_with("AWS4-");
  const size_t blank = authorization.find(' ');
  TRY(SetAlgorithm(fields, std::string(authorization.substr(0, blank))));
  Fields named;
  if (blank != std::string_view::npos) {
    for (const std::string& part : Split(authorization.substr(blank + 1), ',')) {
      const size_t start = part.find_first_not_of(' ');
      const size_t equals = part.find('=');
      if (start == std::string::npos || equals == std::string::npos || equals < start)
        return Malformed("the Authorization header isn't a list of NAME=VALUE");
      std::string value = part.substr(equals + 1);
      value.erase(value.find_last_not_of(' ') + 1);
      named[LowerAscii(part.substr(start, equals - start))] = std::move(value);
    }
  }
  TRY(SetCredential(fields, TRY(Need(named, "credential"))));
  const std::optional<std::string> date =
      HeaderOf(request, fields.amazon ? "x-amz-date" : "x-goog-date");
  if (!date) return Malformed("the signed request lacks its x-goog-date or x-amz-date header");
  TRY(SetTime(fields, *date));
  TRY(SetSignedHeaders(fields, TRY(Need(named, "signedheaders"))));
  TRY(SetSignature(fields, TRY(Need(named, "signature"))));
  return fields;
}

Fields QueryFields(const SignedRequest& request) {
  Fields fields;
  for (auto& [name, value] : ParseQuery(request.raw_query))
    fields.emplace(LowerAscii(name), std::move(value));
  return fields;
}

bool IsV4Header(std::string_view authorization) {
  return authorization.starts_with("GOOG4-") || authorization.starts_with("AWS4-");
}

bool IsV2Header(std::string_view authorization) {
  return authorization.starts_with("GOOG1 ") || authorization.starts_with("AWS ");
}

bool HasAny(const Fields& fields, std::initializer_list<const char*> names) {
  return std::ranges::any_of(names, [&](const char* name) { return fields.contains(name); });
}

}  // namespace

std::string SignatureFields::scope() const {
  return fmt::format("{}/{}/{}/{}", date, region, service,
                     amazon ? "aws4_request" : "goog4_request");
}

bool IsSigned(const SignedRequest& request) {
  const std::optional<std::string> authorization = HeaderOf(request, "authorization");
  if (authorization && (IsV4Header(*authorization) || IsV2Header(*authorization))) return true;
  if (request.raw_query.empty()) return false;
  return HasAny(QueryFields(request),
                {"x-goog-signature", "x-goog-algorithm", "x-goog-credential", "x-amz-signature",
                 "x-amz-algorithm", "x-amz-credential", "googleaccessid", "awsaccesskeyid"});
}

Result<SignatureFields> ParseSignature(const SignedRequest& request) {
  const Fields query = QueryFields(request);
  if (HasAny(query, {"x-goog-signature", "x-goog-algorithm", "x-goog-credential"}))
    return FromQuery(query, false);
  if (HasAny(query, {"x-amz-signature", "x-amz-algorithm", "x-amz-credential"}))
    return FromQuery(query, true);
  const std::optional<std::string> authorization = HeaderOf(request, "authorization");
  if (authorization && IsV4Header(*authorization)) return FromHeader(request, *authorization);
  if (IsSigned(request))
    return MakeError(ErrorKind::kUnsupported,
                     "version 2 signatures aren't supported; sign with version 4",
                     "signature.unsupported");
  return Malformed("the request isn't signed");
}

}  // namespace caudal::auth
