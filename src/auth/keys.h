// Keys and tokens that Caudal issues, and their verification. The role model comes later: a key is
// valid or not.
//
// Kinds:
//  token            an opaque bearer token "caudal_<id>_<secret>"; only its SHA-256 is kept
//  service_account  an RSA-2048 key pair in Google's JSON key-file form, whose token_uri is ours;
//  only the public half
//                   is kept. Signs JWT assertions for POST /token and V4 signed URLs
//                   (GOOG4-RSA-SHA256)
//  hmac             an access id "GOOG…" and a secret, for V4 HMAC signatures (GOOG4-HMAC-SHA256,
//  AWS4-HMAC-SHA256); the
//                   secret is kept, since verification needs it
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/random.h"
#include "base/result.h"
#include "meta/database.h"

namespace caudal::auth {

enum class KeyKind : uint8_t { kToken, kServiceAccount, kHmac };
std::string_view NameOf(KeyKind kind);

struct KeyInfo {
  std::string id;    // public; for `caudal keys revoke`
  std::string name;  // given by the operator
  KeyKind kind = KeyKind::kToken;
  std::string email;  // service accounts: <name>@<platform>.caudal.local
  Micros created = 0;
  std::optional<Micros> expires;
};

struct IssuedKey {
  KeyInfo info;
  // Shown once: the token; the JSON key file; for hmac the secret (info.id is the access id).
  std::string secret;
};

struct AccessToken {
  std::string token;
  std::chrono::seconds expires_in{3600};
};

// Who a bearer token speaks for.
struct Bearer {
  std::string name;
  std::string key_id;
  std::vector<std::string> places;  // "bucket/prefix": all it may touch; empty: no limit
};

// In place of a key's id: the administrator's token that `caudal up` makes for this machine.
inline constexpr std::string_view kLocalKeyId = "local";
inline constexpr std::string_view kLocalKeyName = "local administrator";

// Thread-safe. Verification reads memory only.
class KeyStore {
 public:
  static std::span<const meta::Migration> Migrations();
  static Result<std::unique_ptr<KeyStore>> Open(meta::Database& database, Clock& clock,
                                                Random& random, std::string platform_name);
  virtual ~KeyStore() = default;

  // `token_uri` is written into service-account key files ("http://127.0.0.1:8080/token").
  virtual Result<IssuedKey> Create(KeyKind kind, std::string name, std::optional<Micros> expires,
                                   std::string token_uri) = 0;
  virtual Result<void> Revoke(const std::string& id) = 0;
  virtual std::vector<KeyInfo> List() const = 0;
  virtual bool empty() const = 0;

  // kUnauthenticated when unknown, expired or revoked.
  virtual Result<Bearer> VerifyBearer(std::string_view token) = 0;
  // A grant of type urn:ietf:params:oauth:grant-type:jwt-bearer: an RS256 JWT signed by a
  // service-account key. The token is short-lived, kept in memory only (signed, so that it survives
  // a restart).
  virtual Result<AccessToken> ExchangeAssertion(std::string_view jwt) = 0;
  // A token for the objects at `places` ("bucket/prefix"; not empty) alone. It speaks for the
  // holder of the key, and ends with it, or after 45 to 60 minutes: who asks twice within a quarter
  // of an hour gets the same. kUnauthenticated when there is no such key any more.
  virtual Result<AccessToken> Confine(const std::string& key_id,
                                      std::vector<std::string> places) = 0;

  // The secret of an HMAC key / the public key (PEM) of a service account, for signature
  // verification.
  virtual std::optional<std::string> HmacSecret(std::string_view access_id) const = 0;
  virtual std::optional<std::string> PublicKeyOf(std::string_view email) const = 0;
  // The name of the valid hmac key of this access id, or service account of this email.
  virtual std::optional<std::string> NameOfSigner(std::string_view id_or_email) const = 0;
};

}  // namespace caudal::auth
