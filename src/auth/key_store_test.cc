#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <thread>

#include "auth/keys.h"
#include "auth/rsa.h"
#include "data/digest.h"
#include "data/json.h"

namespace caudal::auth {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr Micros kSecond = 1'000'000;
constexpr const char* kTokenUri = "http://127.0.0.1:8080/token";

class KeyStoreTest : public testing::Test {
 protected:
  KeyStoreTest() {
    folder_ = std::filesystem::temp_directory_path() / ("caudal-auth-" + SystemRandom().Hex(8));
    std::filesystem::create_directory(folder_);
    Reopen();
  }
  ~KeyStoreTest() override {
    keys_.reset();
    db_.reset();
    std::filesystem::remove_all(folder_);
  }
  void Reopen() {
    keys_.reset();
    db_.reset();
    meta::DatabaseOptions options;
    options.path = folder_ / "meta.db";
    options.wal_bytes_initial = 0;
    db_ = meta::Database::Open(options, KeyStore::Migrations()).value();
    keys_ = KeyStore::Open(*db_, clock_, SystemRandom(), "My Shop").value();
  }
  IssuedKey Create(KeyKind kind, const std::string& name) {
    auto key = keys_->Create(kind, name, std::nullopt, kTokenUri);
    EXPECT_TRUE(key.ok()) << key.error().message;
    return std::move(key).value();
  }
  int64_t Now() const { return clock_.Now() / kSecond; }
  // Signed by the key of a key file; `changes` are merged into the claims.
  std::string Assertion(const Json& file, const Json& changes = Json::object(),
                        const Json& header_changes = Json::object()) {
    Json header = {{"alg", "RS256"}, {"typ", "JWT"}, {"kid", file["private_key_id"]}};
    header.merge_patch(header_changes);
    Json claims = {{"iss", file["client_email"]},
                   {"aud", file["token_uri"]},
                   {"scope", "https://www.googleapis.com/auth/devstorage.full_control"},
                   {"iat", Now()},
                   {"exp", Now() + 3600}};
    claims.merge_patch(changes);
    const std::string body =
        EncodeBase64Url(DumpJson(header)) + "." + EncodeBase64Url(DumpJson(claims));
    return body + "." +
           EncodeBase64Url(SignRs256(file["private_key"].get<std::string>(), body).value());
  }

  std::filesystem::path folder_;
  ManualClock clock_{1'800'000'000 * kSecond};
  std::unique_ptr<meta::Database> db_;
  std::unique_ptr<KeyStore> keys_;
};

TEST_F(KeyStoreTest, TokensAreKnownUntilRevoked) {
  EXPECT_TRUE(keys_->empty());
  const IssuedKey key = Create(KeyKind::kToken, "laptop");
  EXPECT_TRUE(key.secret.starts_with("caudal_" + key.info.id + "_"));
  EXPECT_EQ(keys_->VerifyBearer(key.secret)->name, "laptop");
  Reopen();
  EXPECT_FALSE(keys_->empty());
  EXPECT_EQ(keys_->VerifyBearer(key.secret)->name, "laptop");
  std::string wrong = key.secret;
  wrong.back() = wrong.back() == '0' ? '1' : '0';
  for (const std::string& bad :
       {wrong, std::string(), std::string("caudal_"), "caudal_" + key.info.id, key.secret + "0",
        std::string("caudal_access_x.1.y"), std::string("ey.ey.x")}) {
    const auto refused = keys_->VerifyBearer(bad);
    EXPECT_TRUE(refused.error().Is(ErrorKind::kUnauthenticated)) << bad;
    EXPECT_THAT(refused.error().message, Not(HasSubstr("caudal_")));
  }
  ASSERT_TRUE(keys_->Revoke(key.info.id).ok());
  EXPECT_FALSE(keys_->VerifyBearer(key.secret).ok());
  EXPECT_TRUE(keys_->Revoke(key.info.id).error().Is(ErrorKind::kNotFound));
  Reopen();
  EXPECT_FALSE(keys_->VerifyBearer(key.secret).ok());
}

TEST_F(KeyStoreTest, OnlyTheHashOfATokenIsKept) {
  const IssuedKey key = Create(KeyKind::kToken, "laptop");
  meta::ReadTx tx = db_->Read().value();
  meta::Statement q = tx.Prepare("SELECT proof FROM auth_keys").value();
  ASSERT_TRUE(q.Step().value());
  EXPECT_EQ(q.Text(0), EncodeHex(Sha256(key.secret)));
}

TEST_F(KeyStoreTest, KeysExpire) {
  const IssuedKey key =
      keys_->Create(KeyKind::kToken, "ci", clock_.Now() + 10 * kSecond, kTokenUri).value();
  EXPECT_TRUE(keys_->VerifyBearer(key.secret).ok());
  clock_.Advance(std::chrono::seconds(10));
  EXPECT_FALSE(keys_->VerifyBearer(key.secret).ok());
  EXPECT_EQ(keys_->List().size(), 1u);
  EXPECT_TRUE(keys_->Create(KeyKind::kToken, "ci", clock_.Now(), kTokenUri)
                  .error()
                  .Is(ErrorKind::kInvalid));
}

TEST_F(KeyStoreTest, TokensConfinedToPlaces) {
  const IssuedKey key = Create(KeyKind::kToken, "engine");
  const std::vector<std::string> places = {"lake/sales/orders/", "lake/a.b\n\"/"};
  const AccessToken token = keys_->Confine(key.info.id, places).value();
  EXPECT_GT(token.expires_in.count(), 2700);
  EXPECT_LE(token.expires_in.count(), 3600);
  EXPECT_EQ(keys_->Confine(key.info.id, places)->token, token.token);
  Reopen();
  const Bearer bearer = keys_->VerifyBearer(token.token).value();
  EXPECT_EQ(bearer.name, "engine");
  EXPECT_EQ(bearer.key_id, key.info.id);
  EXPECT_EQ(bearer.places, places);
  EXPECT_TRUE(keys_->VerifyBearer(key.secret)->places.empty());

  // Neither the places nor the kind of a token can be changed.
  const AccessToken other = keys_->Confine(key.info.id, {"lake/"}).value();
  const auto part = [](const std::string& text, int which) {
    size_t begin = 0;
    for (int i = 0; i < which; ++i) begin = text.find('.', begin) + 1;
    return text.substr(begin, text.find('.', begin) - begin);
  };
  std::string forged = token.token;
  forged.replace(forged.find(part(forged, 2)), part(forged, 2).size(), part(other.token, 2));
  EXPECT_FALSE(keys_->VerifyBearer(forged).ok());
  forged = token.token;
  forged.replace(0, std::string("caudal_objects_").size(), "caudal_access_");
  EXPECT_FALSE(keys_->VerifyBearer(forged).ok());

  const AccessToken local = keys_->Confine(std::string(kLocalKeyId), places).value();
  EXPECT_EQ(keys_->VerifyBearer(local.token)->name, kLocalKeyName);
  EXPECT_FALSE(keys_->Confine("nobody", places).ok());

  ASSERT_TRUE(keys_->Revoke(key.info.id).ok());
  EXPECT_FALSE(keys_->VerifyBearer(token.token).ok());
  clock_.Advance(local.expires_in);
  EXPECT_EQ(keys_->VerifyBearer(local.token).error().code, "token.expired");
}

TEST_F(KeyStoreTest, ServiceAccountsGetAccessTokens) {
  const IssuedKey key = Create(KeyKind::kServiceAccount, "loader");
  EXPECT_EQ(key.info.email, "loader@my-shop.caudal.local");
  const Json file = ParseJson(key.secret, "key file").value();
  EXPECT_EQ(file["type"], "service_account");
  EXPECT_EQ(file["client_email"], key.info.email);
  EXPECT_EQ(file["token_uri"], kTokenUri);
  EXPECT_TRUE(file["private_key"].get<std::string>().starts_with("-----BEGIN PRIVATE KEY-----"));
  EXPECT_TRUE(VerifyRs256(keys_->PublicKeyOf(key.info.email).value(), "m",
                          SignRs256(file["private_key"].get<std::string>(), "m").value()));

  const AccessToken token = keys_->ExchangeAssertion(Assertion(file)).value();
  EXPECT_EQ(token.expires_in.count(), 3600);
  Reopen();
  EXPECT_EQ(keys_->VerifyBearer(token.token)->name, "loader");
  EXPECT_FALSE(keys_->VerifyBearer(token.token + "A").ok());
  std::string forged = token.token;
  forged.replace(forged.find('.') + 1, 1, "9");
  EXPECT_FALSE(keys_->VerifyBearer(forged).ok());
  clock_.Advance(std::chrono::seconds(3599));
  EXPECT_TRUE(keys_->VerifyBearer(token.token).ok());
  clock_.Advance(std::chrono::seconds(1));
  EXPECT_FALSE(keys_->VerifyBearer(token.token).ok());

  const AccessToken second = keys_->ExchangeAssertion(Assertion(file)).value();
  ASSERT_TRUE(keys_->Revoke(key.info.id).ok());
  EXPECT_FALSE(keys_->VerifyBearer(second.token).ok());
  EXPECT_FALSE(keys_->ExchangeAssertion(Assertion(file)).ok());
  EXPECT_FALSE(keys_->PublicKeyOf(key.info.email));
}

TEST_F(KeyStoreTest, RefusesBadAssertions) {
  const Json file =
      ParseJson(Create(KeyKind::kServiceAccount, "loader").secret, "key file").value();
  const Json other =
      ParseJson(Create(KeyKind::kServiceAccount, "other").secret, "key file").value();
  EXPECT_TRUE(keys_->ExchangeAssertion(Assertion(file)).ok());
  // Google's libraries put its own endpoint there.
  EXPECT_TRUE(
      keys_->ExchangeAssertion(Assertion(file, {{"aud", "https://oauth2.googleapis.com/token"}}))
          .ok());
  const std::vector<Json> bad_claims = {{{"iss", other["client_email"]}},
                                        {{"iss", nullptr}},
                                        {{"aud", "http://127.0.0.1:8080/"}},
                                        {{"aud", nullptr}},
                                        {{"iat", Now() + 301}, {"exp", Now() + 900}},
                                        {{"exp", Now() + 3601}},
                                        {{"iat", Now() - 3900}, {"exp", Now() - 300}},
                                        {{"exp", "soon"}},
                                        {{"exp", 1e300}},
                                        {{"sub", "admin@example.org"}}};
  for (const Json& claims : bad_claims) {
    const auto refused = keys_->ExchangeAssertion(Assertion(file, claims));
    ASSERT_FALSE(refused.ok()) << claims;
    EXPECT_EQ(refused.error().code, "invalid_grant");
  }
  EXPECT_FALSE(keys_->ExchangeAssertion(Assertion(file, {}, {{"alg", "none"}})).ok());
  EXPECT_FALSE(keys_->ExchangeAssertion(Assertion(file, {}, {{"alg", "HS256"}})).ok());
  EXPECT_FALSE(keys_->ExchangeAssertion(Assertion(file, {}, {{"kid", "another"}})).ok());
  const std::string good = Assertion(file);
  EXPECT_FALSE(keys_->ExchangeAssertion(good.substr(0, good.rfind('.') + 1)).ok());
  for (const char* bad : {"", ".", "..", "a.b", "e30.e30.", "e30.e30.e30.e30", "!.!.!"})
    EXPECT_FALSE(keys_->ExchangeAssertion(bad).ok()) << bad;
}

TEST_F(KeyStoreTest, HmacKeysHaveTheirSecret) {
  const IssuedKey key = Create(KeyKind::kHmac, "sync");
  EXPECT_TRUE(key.info.id.starts_with("GOOG1E"));
  EXPECT_EQ(keys_->HmacSecret(key.info.id), key.secret);
  EXPECT_EQ(keys_->NameOfSigner(key.info.id), "sync");
  EXPECT_FALSE(keys_->HmacSecret("GOOG1E"));
  EXPECT_FALSE(keys_->VerifyBearer(key.secret).ok());
}

TEST_F(KeyStoreTest, NamesAreChecked) {
  Create(KeyKind::kServiceAccount, "loader");
  EXPECT_TRUE(keys_->Create(KeyKind::kServiceAccount, "loader", std::nullopt, kTokenUri)
                  .error()
                  .Is(ErrorKind::kAlreadyExists));
  for (const char* bad : {"", "Upper", "a b", "-a", "a@b"})
    EXPECT_TRUE(keys_->Create(KeyKind::kServiceAccount, bad, std::nullopt, kTokenUri)
                    .error()
                    .Is(ErrorKind::kInvalid))
        << bad;
  EXPECT_TRUE(keys_->Create(KeyKind::kToken, "a\nb", std::nullopt, kTokenUri)
                  .error()
                  .Is(ErrorKind::kInvalid));
}

TEST_F(KeyStoreTest, VerifiesWhileKeysChange) {
  const IssuedKey kept = Create(KeyKind::kToken, "kept");
  std::atomic<bool> stop{false};
  std::thread reader([&] {
    while (!stop) EXPECT_TRUE(keys_->VerifyBearer(kept.secret).ok());
  });
  for (int i = 0; i < 20; ++i)
    ASSERT_TRUE(keys_->Revoke(Create(KeyKind::kToken, "passing").info.id).ok());
  stop = true;
  reader.join();
}

}  // namespace
}  // namespace caudal::auth
