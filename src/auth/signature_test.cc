#include "auth/signature.h"

#include <gtest/gtest.h>

#include "auth/signature_vectors.h"
#include "data/timestamp.h"

namespace caudal::auth {
namespace {

constexpr Micros kSecond = 1'000'000;

class FakeKeys final : public KeyStore {
 public:
  Result<IssuedKey> Create(KeyKind, std::string, std::optional<Micros>, std::string) override {
    return MakeError(ErrorKind::kUnsupported, "fake");
  }
  Result<void> Revoke(const std::string&) override { return {}; }
  std::vector<KeyInfo> List() const override { return {}; }
  bool empty() const override { return false; }
  Result<Bearer> VerifyBearer(std::string_view) override {
    return MakeError(ErrorKind::kUnauthenticated, "fake");
  }
  Result<AccessToken> ExchangeAssertion(std::string_view) override {
    return MakeError(ErrorKind::kUnauthenticated, "fake");
  }
  Result<AccessToken> Confine(const std::string&, std::vector<std::string>) override {
    return MakeError(ErrorKind::kUnauthenticated, "fake");
  }
  std::optional<std::string> HmacSecret(std::string_view id) const override {
    return id == kVectorAccessId ? std::optional<std::string>(kVectorSecret) : std::nullopt;
  }
  std::optional<std::string> PublicKeyOf(std::string_view email) const override {
    return email == kVectorEmail ? std::optional<std::string>(kVectorPublicKey) : std::nullopt;
  }
  std::optional<std::string> NameOfSigner(std::string_view id) const override {
    if (id == kVectorEmail) return "signer";
    if (id == kVectorAccessId) return "hmac";
    return std::nullopt;
  }
};

class SignatureTest : public testing::Test {
 protected:
  static SignedRequest RequestOf(const SignatureVector& v) {
    return {v.method, v.path, v.query, v.headers};
  }
  static const SignatureVector& Vector(std::string_view label) {
    for (const SignatureVector& v : kSignatureVectors)
      if (v.label == label) return v;
    Fatal("no such vector");
  }
  std::string CodeOf(const SignedRequest& request) {
    const Result<std::string> name = VerifySignature(request, keys_, clock_);
    return name.ok() ? "" : name.error().code;
  }

  FakeKeys keys_;
  const Micros signed_at_ = ParseBasicTimestamp(kVectorTime).value();
  ManualClock clock_{signed_at_ + 60 * kSecond};
};

TEST_F(SignatureTest, AcceptsWhatOthersSign) {
  for (const SignatureVector& v : kSignatureVectors) {
    const SignedRequest request = RequestOf(v);
    EXPECT_TRUE(IsSigned(request)) << v.label;
    const Result<std::string> name = VerifySignature(request, keys_, clock_);
    ASSERT_TRUE(name.ok()) << v.label << ": " << name.error().message;
    EXPECT_EQ(*name, v.signer) << v.label;
  }
}

TEST_F(SignatureTest, AnyChangeBreaksIt) {
  for (const SignatureVector& v : kSignatureVectors) {
    SignedRequest request = RequestOf(v);
    request.method = request.method == "GET" ? "DELETE" : "GET";
    EXPECT_EQ(CodeOf(request), "signature.mismatch") << v.label;

    request = RequestOf(v);
    const std::string path = std::string(v.path) + "x";
    request.path = path;
    EXPECT_EQ(CodeOf(request), "signature.mismatch") << v.label;

    request = RequestOf(v);
    const std::string query = std::string(v.query) + "&versionId=1";
    request.raw_query = query;
    EXPECT_EQ(CodeOf(request), "signature.mismatch") << v.label;

    request = RequestOf(v);
    request.headers[0].second += "x";
    EXPECT_EQ(CodeOf(request), "signature.mismatch") << v.label;

    request = RequestOf(v);
    request.headers.emplace_back("X-Goog-Copy-Source", "other/secret");
    EXPECT_EQ(CodeOf(request), "signature.unsigned_header") << v.label;

    request = RequestOf(v);
    request.headers.emplace_back("X-Goog-Api-Client", "gl-python/3.11");
    EXPECT_EQ(CodeOf(request), "") << v.label;
  }
}

TEST_F(SignatureTest, EveryByteOfTheSignatureCounts) {
  const SignatureVector& v = Vector("plain");
  const std::string query = v.query;
  const size_t start = query.find("X-Goog-Signature=") + 17;
  for (size_t i = start; i < query.size(); i += 31) {
    std::string changed = query;
    changed[i] = changed[i] == '0' ? '1' : '0';
    SignedRequest request = RequestOf(v);
    request.raw_query = changed;
    EXPECT_EQ(CodeOf(request), "signature.mismatch");
  }
}

TEST_F(SignatureTest, HoldsForItsTimeOnly) {
  const SignedRequest request = RequestOf(Vector("plain"));
  clock_.SetNow(signed_at_ + 3600 * kSecond - 1);
  EXPECT_EQ(CodeOf(request), "");
  clock_.SetNow(signed_at_ + 3600 * kSecond);
  EXPECT_EQ(CodeOf(request), "signature.expired");
  clock_.SetNow(signed_at_ - 15 * 60 * kSecond);
  EXPECT_EQ(CodeOf(request), "");
  clock_.SetNow(signed_at_ - 15 * 60 * kSecond - 1);
  EXPECT_EQ(CodeOf(request), "signature.not_yet_valid");

  const SignedRequest header = RequestOf(Vector("s3 header"));
  clock_.SetNow(signed_at_ + 15 * 60 * kSecond);
  EXPECT_EQ(CodeOf(header), "signature.expired");
}

TEST_F(SignatureTest, TellsTheSignedBody) {
  EXPECT_EQ(SignedPayload(RequestOf(Vector("s3 header"))),
            "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824");
  EXPECT_FALSE(SignedPayload(RequestOf(Vector("s3 header unsigned"))));
  EXPECT_FALSE(SignedPayload(RequestOf(Vector("plain"))));
}

TEST_F(SignatureTest, RefusesTheMalformed) {
  const std::string good = Vector("plain").query;
  const auto with = [&](const std::string& from, const std::string& to) {
    std::string changed = good;
    const size_t at = changed.find(from);
    EXPECT_NE(at, std::string::npos) << from;
    changed.replace(at, from.size(), to);
    SignedRequest request = RequestOf(Vector("plain"));
    request.raw_query = changed;
    return CodeOf(request);
  };
  EXPECT_EQ(with("X-Goog-Expires=3600", "X-Goog-Expires=604801"), "signature.malformed");
  EXPECT_EQ(with("X-Goog-Expires=3600", "X-Goog-Expires=0"), "signature.malformed");
  EXPECT_EQ(with("X-Goog-Expires=3600", "X-Goog-Expires=9x"), "signature.malformed");
  EXPECT_EQ(with("X-Goog-Expires=3600&", ""), "signature.malformed");
  EXPECT_EQ(with("X-Goog-Expires=3600", "X-Goog-Expires=3601"), "signature.mismatch");
  EXPECT_EQ(with("20261123%2F", "20261122%2F"), "signature.malformed");
  EXPECT_EQ(with("X-Goog-SignedHeaders=host", "X-Goog-SignedHeaders=range"), "signature.malformed");
  EXPECT_EQ(with("X-Goog-SignedHeaders=host", "X-Goog-SignedHeaders=host%3Bx-gone"),
            "signature.mismatch");
  EXPECT_EQ(with("X-Goog-Signature=", "X-Goog-Signature=zz"), "signature.malformed");
  EXPECT_EQ(with("GOOG4-RSA-SHA256", "GOOG4-RSA-SHA1"), "signature.unsupported");
  EXPECT_EQ(with("signer", "someone"), "signature.unknown_key");
}

TEST_F(SignatureTest, NoSignatureGoesUnverified) {
  EXPECT_FALSE(IsSigned({"GET", "/b/o", "alt=media", {{"Host", "h"}}}));
  EXPECT_FALSE(IsSigned({"GET", "/b/o", "", {{"Authorization", "Bearer x"}}}));
  for (const char* query : {"GoogleAccessId=a&Expires=1&Signature=b", "X-Goog-Signature=ab",
                            "x-goog-algorithm=q", "X-Amz-Credential=a"}) {
    const SignedRequest request{"GET", "/b/o", query, {{"Host", "h"}}};
    EXPECT_TRUE(IsSigned(request)) << query;
    EXPECT_NE(CodeOf(request), "") << query;
  }
  const SignedRequest v2{"GET", "/b/o", "", {{"authorization", "AWS id:sig"}}};
  EXPECT_TRUE(IsSigned(v2));
  EXPECT_EQ(CodeOf(v2), "signature.unsupported");
}

}  // namespace
}  // namespace caudal::auth
