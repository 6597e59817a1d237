#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "auth/access_token.h"
#include "auth/jwt.h"
#include "auth/key_file.h"
#include "auth/key_rows.h"
#include "auth/keys.h"
#include "auth/rsa.h"
#include "base/failpoint.h"
#include "base/mutex.h"
#include "data/digest.h"

namespace caudal::auth {
namespace {

constexpr std::string_view kTokenPrefix = "caudal_";

Error BadToken() {
  return MakeError(ErrorKind::kUnauthenticated, "the bearer token isn't valid", "token.invalid");
}

Error BadGrant(std::string message) {
  return MakeError(ErrorKind::kUnauthenticated, std::move(message), "invalid_grant");
}

bool IsDnsLabel(std::string_view text) {
  const auto letter_or_digit = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
  };
  return !text.empty() && text.size() <= 63 && letter_or_digit(text.front()) &&
         letter_or_digit(text.back()) &&
         std::ranges::all_of(text, [&](char c) { return letter_or_digit(c) || c == '-'; });
}

Result<void> CheckName(KeyKind kind, const std::string& name) {
  if (kind == KeyKind::kServiceAccount && !IsDnsLabel(name))
    return MakeError(ErrorKind::kInvalid,
                     fmt::format("service account name '{}' must be 1 to 63 of a-z, 0-9 and '-', "
                                 "with no '-' at either end",
                                 name));
  if (name.empty() || name.size() > 100 ||
      std::ranges::any_of(name, [](unsigned char c) { return c < 0x20 || c == 0x7f; }))
    return MakeError(ErrorKind::kInvalid,
                     "a key's name has 1 to 100 bytes and no control characters");
  return {};
}

// "My Platform" as a part of a host name.
std::string LabelOf(std::string_view platform) {
  std::string label;
  for (const char c : platform) {
    const char lower = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    const bool kept = (lower >= 'a' && lower <= 'z') || (lower >= '0' && lower <= '9');
    if (kept) {
      label += lower;
    } else if (!label.empty() && label.back() != '-') {
      label += '-';
    }
  }
  while (!label.empty() && label.back() == '-') label.pop_back();
  return label.empty() ? "caudal" : label.substr(0, 63);
}

// All keys, immutable.
struct Keys {
  std::map<std::string, StoredKey, std::less<>> by_id;
  std::map<std::string, std::string, std::less<>> id_by_email;

  const StoredKey* Find(std::string_view id, KeyKind kind, Micros now) const {
    const auto found = by_id.find(id);
    if (found == by_id.end() || found->second.info.kind != kind) return nullptr;
    const std::optional<Micros>& expires = found->second.info.expires;
    return expires && now >= *expires ? nullptr : &found->second;
  }
  const StoredKey* FindEmail(std::string_view email, Micros now) const {
    const auto found = id_by_email.find(email);
    return found == id_by_email.end() ? nullptr
                                      : Find(found->second, KeyKind::kServiceAccount, now);
  }
};

class KeyStoreImpl final : public KeyStore {
 public:
  KeyStoreImpl(meta::Database& database, Clock& clock, Random& random, std::string platform)
      : database_(database), clock_(clock), random_(random), platform_(std::move(platform)) {}

  Result<void> Load() {
    const std::string fresh = random_.Hex(32);
    secret_ = TRY(database_.Write(
        [&](meta::Tx& tx) -> Result<std::string> { return KeepSigningSecret(tx, fresh); }));
    meta::ReadTx tx = TRY(database_.Read());
    auto keys = std::make_shared<Keys>();
    for (StoredKey& key : TRY(ReadKeys(tx))) Put(*keys, std::move(key));
    MutexLock lock(mutex_);
    keys_ = std::move(keys);
    return {};
  }

  Result<IssuedKey> Create(KeyKind kind, std::string name, std::optional<Micros> expires,
                           std::string token_uri) override {
    TRY(CheckName(kind, name));
    if (expires && *expires <= clock_.Now())
      return MakeError(ErrorKind::kInvalid, "the key would have expired already");
    StoredKey key;
    key.info.name = std::move(name);
    key.info.kind = kind;
    key.info.created = clock_.Now();
    key.info.expires = expires;
    const std::string secret = TRY(MakeSecret(key, token_uri));
    Result<void> stored = database_.Write([&](meta::Tx& tx) -> Result<void> {
      FAILPOINT("auth.key.create");
      TRY(InsertKey(tx, key));
      tx.AfterCommit([this, key] { Change([&](Keys& keys) { Put(keys, key); }); });
      return {};
    });
    if (!stored.ok() && stored.error().Is(ErrorKind::kAlreadyExists))
      return MakeError(ErrorKind::kAlreadyExists,
                       fmt::format("there is a key for {} already; revoke it first, or choose "
                                   "another name",
                                   key.info.email));
    TRY(std::move(stored));
    return IssuedKey{key.info, secret};
  }

  Result<void> Revoke(const std::string& id) override {
    return database_.Write([&](meta::Tx& tx) -> Result<void> {
      FAILPOINT("auth.key.revoke");
      if (!TRY(DeleteKey(tx, id)))
        return MakeError(ErrorKind::kNotFound, fmt::format("there is no key {}", id),
                         "key.not_found");
      tx.AfterCommit([this, id] {
        Change([&](Keys& keys) {
          std::erase_if(keys.id_by_email, [&](const auto& entry) { return entry.second == id; });
          keys.by_id.erase(id);
        });
      });
      return {};
    });
  }

  std::vector<KeyInfo> List() const override {
    std::vector<KeyInfo> list;
    for (const auto& [id, key] : Current()->by_id) list.push_back(key.info);
    std::ranges::sort(list, {}, [](const KeyInfo& k) { return std::pair(k.created, k.id); });
    return list;
  }

  bool empty() const override { return Current()->by_id.empty(); }

  Result<Bearer> VerifyBearer(std::string_view token) override {
    const auto keys = Current();
    if (IsAccessToken(token)) {
      AccessGrant grant = TRY(VerifyAccessToken(secret_, token, clock_.Now()));
      const std::optional<std::string> name = NameOfKey(*keys, grant.key_id);
      if (!name) return BadToken();
      return Bearer{*name, std::move(grant.key_id), std::move(grant.places)};
    }
    if (token.starts_with(kTokenPrefix)) {
      const std::string_view rest = token.substr(kTokenPrefix.size());
      const StoredKey* key =
          keys->Find(rest.substr(0, rest.find('_')), KeyKind::kToken, clock_.Now());
      if (key == nullptr || !EqualConstantTime(EncodeHex(Sha256(token)), key->proof))
        return BadToken();
      return Bearer{key->info.name, key->info.id, {}};
    }
    // Some of Google's clients send a JWT that they signed themselves, in place of a token.
    if (token.starts_with("ey")) {
      const Result<const StoredKey*> key = VerifyJwt(*keys, token, /*for_token_endpoint=*/false);
      if (key.ok()) return Bearer{(*key)->info.name, (*key)->info.id, {}};
    }
    return BadToken();
  }

  Result<AccessToken> ExchangeAssertion(std::string_view jwt) override {
    const auto keys = Current();
    const StoredKey* key = TRY(VerifyJwt(*keys, jwt, /*for_token_endpoint=*/true));
    AccessToken issued;
    issued.token = MakeAccessToken(
        secret_, {key->info.id, clock_.Now() / 1'000'000 + issued.expires_in.count(), {}});
    return issued;
  }

  Result<AccessToken> Confine(const std::string& key_id, std::vector<std::string> places) override {
    CAUDAL_CHECK(!places.empty(), "a token that isn't confined to anything");
    if (!NameOfKey(*Current(), key_id)) return BadToken();
    constexpr int64_t kStep = 900;
    const int64_t now = clock_.Now() / 1'000'000;
    const int64_t expires = (now / kStep + 4) * kStep;
    return AccessToken{MakeAccessToken(secret_, {key_id, expires, std::move(places)}),
                       std::chrono::seconds(expires - now)};
  }

  std::optional<std::string> HmacSecret(std::string_view access_id) const override {
    const auto keys = Current();
    const StoredKey* key = keys->Find(access_id, KeyKind::kHmac, clock_.Now());
    return key == nullptr ? std::nullopt : std::optional(key->proof);
  }

  std::optional<std::string> PublicKeyOf(std::string_view email) const override {
    const auto keys = Current();
    const StoredKey* key = keys->FindEmail(email, clock_.Now());
    return key == nullptr ? std::nullopt : std::optional(key->proof);
  }

  std::optional<std::string> NameOfSigner(std::string_view id_or_email) const override {
    const auto keys = Current();
    const StoredKey* key = keys->FindEmail(id_or_email, clock_.Now());
    if (key == nullptr) key = keys->Find(id_or_email, KeyKind::kHmac, clock_.Now());
    return key == nullptr ? std::nullopt : std::optional(key->info.name);
  }

 private:
  static void Put(Keys& keys, StoredKey key) {
    if (!key.info.email.empty()) keys.id_by_email[key.info.email] = key.info.id;
    keys.by_id[key.info.id] = std::move(key);
  }

  std::shared_ptr<const Keys> Current() const {
    MutexLock lock(mutex_);
    return keys_;
  }

  // Of a valid key of any kind.
  std::optional<std::string> NameOfKey(const Keys& keys, const std::string& id) const {
    if (id == kLocalKeyId) return std::string(kLocalKeyName);
    const auto found = keys.by_id.find(id);
    if (found == keys.by_id.end()) return std::nullopt;
    const KeyInfo& info = found->second.info;
    if (info.expires && clock_.Now() >= *info.expires) return std::nullopt;
    return info.name;
  }

  template <class Fn>
  void Change(Fn&& change) {
    MutexLock lock(mutex_);
    auto copy = std::make_shared<Keys>(*keys_);
    change(*copy);
    keys_ = std::move(copy);
  }

  // Fills in id, email and proof; returns what the owner gets.
  Result<std::string> MakeSecret(StoredKey& key, const std::string& token_uri) {
    switch (key.info.kind) {
      case KeyKind::kToken: {
        key.info.id = random_.Hex(8);
        std::string token = fmt::format("{}{}_{}", kTokenPrefix, key.info.id, random_.Hex(32));
        key.proof = EncodeHex(Sha256(token));
        return token;
      }
      case KeyKind::kServiceAccount: {
        key.info.id = random_.Hex(20);
        key.info.email = fmt::format("{}@{}.caudal.local", key.info.name, LabelOf(platform_));
        RsaKeyPair pair = TRY(GenerateRsaKeyPair());
        key.proof = std::move(pair.public_pem);
        const std::string client_id = fmt::format("1{:020}", random_.U64());
        return MakeKeyFile(key.info, platform_, pair.private_pem, token_uri, client_id);
      }
      case KeyKind::kHmac: {
        std::string id = "GOOG1E" + random_.Hex(16);
        std::ranges::transform(id, id.begin(), [](char c) {
          return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
        });
        key.info.id = std::move(id);
        std::string bytes(30, '\0');
        random_.Fill(std::as_writable_bytes(std::span(bytes)));
        key.proof = EncodeBase64(bytes);
        return key.proof;
      }
    }
    return MakeError(ErrorKind::kInternal, "no such kind of key");
  }

  // The key that signed it; lives as long as `keys`.
  Result<const StoredKey*> VerifyJwt(const Keys& keys, std::string_view text,
                                     bool for_token_endpoint) const {
    const Jwt jwt = TRY(ParseJwt(text));
    const Micros now = clock_.Now();
    if (jwt.algorithm != "RS256")
      return BadGrant("the JWT isn't signed with RS256, the one algorithm accepted");
    const StoredKey* key = keys.FindEmail(jwt.issuer, now);
    if (key == nullptr || (!jwt.key_id.empty() && jwt.key_id != key->info.id) ||
        !VerifyRs256(key->proof, jwt.signed_part, jwt.signature))
      return BadGrant("the JWT isn't signed by a valid key of its issuer (iss)");
    if (!jwt.subject.empty() && jwt.subject != jwt.issuer)
      return BadGrant("the JWT speaks for another than its issuer (sub), which isn't supported");
    if (for_token_endpoint && std::ranges::none_of(jwt.audience, IsTokenEndpoint))
      return BadGrant("the audience of the JWT (aud) isn't the token_uri of the key file");
    TRY(CheckJwtTimes(jwt, now));
    return key;
  }

  meta::Database& database_;
  Clock& clock_;
  Random& random_;
  const std::string platform_;
  std::string secret_;  // constant after Load
  mutable Mutex mutex_;
  std::shared_ptr<const Keys> keys_ GUARDED_BY(mutex_) = std::make_shared<Keys>();
};

}  // namespace

std::string_view NameOf(KeyKind kind) {
  switch (kind) {
    case KeyKind::kToken:
      return "token";
    case KeyKind::kServiceAccount:
      return "service_account";
    case KeyKind::kHmac:
      return "hmac";
  }
  return "unknown";
}

std::span<const meta::Migration> KeyStore::Migrations() { return KeyMigrations(); }

Result<std::unique_ptr<KeyStore>> KeyStore::Open(meta::Database& database, Clock& clock,
                                                 Random& random, std::string platform_name) {
  auto store = std::make_unique<KeyStoreImpl>(database, clock, random, std::move(platform_name));
  TRY(store->Load());
  return store;
}

}  // namespace caudal::auth
