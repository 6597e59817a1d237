#include "auth/rsa.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#include <memory>

namespace caudal::auth {
namespace {

struct Free {
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
  void operator()(BIO* bio) const { BIO_free(bio); }
};
template <class T>
using Owned = std::unique_ptr<T, Free>;

Error Failed(const char* step) {
  ERR_clear_error();  // its texts may quote the key
  return MakeError(ErrorKind::kInternal, std::string("OpenSSL failed to ") + step);
}

std::string TextOf(BIO* bio) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio, &data);
  return std::string(data, static_cast<size_t>(size));
}

Owned<BIO> Reading(std::string_view text) {
  return Owned<BIO>(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

const unsigned char* Bytes(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

}  // namespace

Result<RsaKeyPair> GenerateRsaKeyPair() {
  const Owned<EVP_PKEY> key(EVP_RSA_gen(2048));
  if (!key) return Failed("make an RSA key");
  const Owned<BIO> private_bio(BIO_new(BIO_s_mem()));
  const Owned<BIO> public_bio(BIO_new(BIO_s_mem()));
  if (!private_bio || !public_bio ||
      PEM_write_bio_PKCS8PrivateKey(private_bio.get(), key.get(), nullptr, nullptr, 0, nullptr,
                                    nullptr) != 1 ||
      PEM_write_bio_PUBKEY(public_bio.get(), key.get()) != 1)
    return Failed("write an RSA key");
  return RsaKeyPair{TextOf(private_bio.get()), TextOf(public_bio.get())};
}

Result<std::string> SignRs256(std::string_view private_pem, std::string_view message) {
  const Owned<BIO> bio = Reading(private_pem);
  const Owned<EVP_PKEY> key(PEM_read_bio_PrivateKey(bio.get(), nullptr, nullptr, nullptr));
  const Owned<EVP_MD_CTX> context(EVP_MD_CTX_new());
  size_t size = 0;
  if (!key || !context ||
      EVP_DigestSignInit(context.get(), nullptr, EVP_sha256(), nullptr, key.get()) != 1 ||
      EVP_DigestSign(context.get(), nullptr, &size, Bytes(message), message.size()) != 1)
    return Failed("sign");
  std::string signature(size, '\0');
  if (EVP_DigestSign(context.get(), reinterpret_cast<unsigned char*>(signature.data()), &size,
                     Bytes(message), message.size()) != 1)
    return Failed("sign");
  signature.resize(size);
  return signature;
}

bool VerifyRs256(std::string_view public_pem, std::string_view message,
                 std::string_view signature) {
  const Owned<BIO> bio = Reading(public_pem);
  const Owned<EVP_PKEY> key(PEM_read_bio_PUBKEY(bio.get(), nullptr, nullptr, nullptr));
  const Owned<EVP_MD_CTX> context(EVP_MD_CTX_new());
  const bool valid =
      key && context && EVP_PKEY_get_base_id(key.get()) == EVP_PKEY_RSA &&
      EVP_DigestVerifyInit(context.get(), nullptr, EVP_sha256(), nullptr, key.get()) == 1 &&
      EVP_DigestVerify(context.get(), Bytes(signature), signature.size(), Bytes(message),
                       message.size()) == 1;
  ERR_clear_error();
  return valid;
}

}  // namespace caudal::auth
