// What a V4 signature says of itself, in the query or in the Authorization header.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "auth/signature.h"
#include "base/clock.h"
#include "base/result.h"

namespace caudal::auth {

struct SignatureFields {
  enum class Place : uint8_t { kQuery, kHeader } place = Place::kQuery;
  bool amazon = false;    // X-Amz-… and AWS4-…, else X-Goog-… and GOOG4-…
  std::string algorithm;  // "GOOG4-RSA-SHA256"
  std::string signer;     // access id or email
  std::string date;       // of the scope: "20261123"
  std::string region;
  std::string service;
  std::string timestamp;  // "20261123T191300Z"
  Micros time = 0;
  int64_t expires_seconds = 0;              // kQuery only
  std::vector<std::string> signed_headers;  // lower case, in order
  std::string signature;                    // raw bytes

  std::string scope() const;
};

// kInvalid (code "signature.malformed") naming the field; kUnsupported for V2 signatures and other
// algorithms.
Result<SignatureFields> ParseSignature(const SignedRequest& request);

}  // namespace caudal::auth
