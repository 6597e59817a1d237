// V4 signatures of Cloud Storage and S3: in the query (signed URLs) and in the Authorization
// header. Source: cloud.google.com/storage/docs/authentication/signatures and
// .../canonical-requests.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "auth/keys.h"
#include "base/clock.h"
#include "base/result.h"

namespace caudal::auth {

// What a signature covers, as it was sent. Names are compared without case.
struct SignedRequest {
  std::string_view method;
  std::string_view path;       // percent-encoded, as sent
  std::string_view raw_query;  // as sent
  std::vector<std::pair<std::string, std::string>> headers;
};

// True when the request carries a V4 signature, in query or header: it must then verify, whatever
// the mode. Also for the V2 form, which VerifySignature refuses (kUnsupported).
bool IsSigned(const SignedRequest& request);

// The name of the key that signed it. kDenied with the code "signature.mismatch",
// "signature.expired", … when it isn't valid now; kInvalid when malformed. Expiry at most 7 days;
// clock skew of 15 minutes allowed ahead. In a query, the host may have been
// signed without its port.
Result<std::string> VerifySignature(const SignedRequest& request, const KeyStore& keys,
                                    const Clock& clock);

// The SHA-256, in hex, that the body of a signed request must have: the caller checks it once it
// has the body. Absent when the signature doesn't cover the body.
std::optional<std::string> SignedPayload(const SignedRequest& request);

}  // namespace caudal::auth
