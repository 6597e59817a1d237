// RSA-2048 with SHA-256 (PKCS #1 v1.5), as RS256 and GOOG4-RSA-SHA256 use it.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace caudal::auth {

struct RsaKeyPair {
  std::string private_pem;  // PKCS #8
  std::string public_pem;   // SubjectPublicKeyInfo
};

// From OpenSSL's random generator. Takes some 100 ms.
Result<RsaKeyPair> GenerateRsaKeyPair();
Result<std::string> SignRs256(std::string_view private_pem, std::string_view message);
// False also when the key doesn't parse.
bool VerifyRs256(std::string_view public_pem, std::string_view message, std::string_view signature);

}  // namespace caudal::auth
