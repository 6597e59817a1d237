#include "api/gcs/payload_check.h"

#include <openssl/evp.h>

#include <array>

#include "api/gcs/errors.h"
#include "api/gcs/parameters.h"
#include "auth/signature.h"
#include "data/digest.h"

namespace caudal::api::gcs {

void PayloadCheck::Free::operator()(void* digest) const {
  EVP_MD_CTX_free(static_cast<EVP_MD_CTX*>(digest));
}

Result<PayloadCheck> PayloadCheck::Of(const http::Request& request) {
  PayloadCheck check;
  for (const char* name : {"x-amz-content-sha256", "x-goog-content-sha256"}) {
    if (StartsWithIgnoringCase(request.headers.Get(name).value_or(""), "STREAMING-"))
      return Unsupported(std::string(name) +
                         ": bodies in signed chunks (aws-chunked) aren't supported; send the body "
                         "in one piece.");
  }
  if (StartsWithIgnoringCase(request.headers.Get("Content-Encoding").value_or(""), "aws-chunked"))
    return Unsupported("Content-Encoding aws-chunked isn't supported; send the body as it is.");
  auth::SignedRequest said;
  said.method = http::NameOf(request.method);
  said.path = request.path;
  said.raw_query = request.raw_query;
  said.headers.assign(request.headers.begin(), request.headers.end());
  check.wanted_ = auth::SignedPayload(said);
  if (!check.wanted_) return check;
  EVP_MD_CTX* digest = EVP_MD_CTX_new();
  check.digest_.reset(digest);
  if (digest == nullptr || EVP_DigestInit_ex(digest, EVP_sha256(), nullptr) != 1)
    return MakeError(ErrorKind::kUnavailable, "No memory to check the signed body with.");
  return check;
}

void PayloadCheck::Update(std::string_view bytes) {
  if (digest_ != nullptr)
    EVP_DigestUpdate(static_cast<EVP_MD_CTX*>(digest_.get()), bytes.data(), bytes.size());
}

Result<void> PayloadCheck::Finish() {
  if (!wanted_) return {};
  std::array<unsigned char, EVP_MAX_MD_SIZE> bytes{};
  unsigned size = 0;
  EVP_DigestFinal_ex(static_cast<EVP_MD_CTX*>(digest_.get()), bytes.data(), &size);
  const std::string hex =
      EncodeHex({reinterpret_cast<const char*>(bytes.data()), static_cast<size_t>(size)});
  if (EqualsIgnoringCase(hex, *wanted_)) return {};
  return MakeError(ErrorKind::kDenied,
                   "The body isn't the one that was signed: its SHA-256 differs.",
                   "signature.mismatch");
}

}  // namespace caudal::api::gcs
