// Checksums, digests and their text forms.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"

namespace caudal {

// CRC-32C (Castagnoli), as Cloud Storage uses it. `seed` is the checksum of the bytes before:
// checksums chain.
uint32_t Crc32c(std::string_view bytes, uint32_t seed = 0);
// The checksum of A followed by B, from the checksums of both and the length of B.
uint32_t CombineCrc32c(uint32_t first, uint32_t second, uint64_t second_bytes);
// Base64 of the big-endian bytes: the form of the `crc32c` field and the x-goog-hash header.
std::string EncodeCrc32c(uint32_t crc);
Result<uint32_t> DecodeCrc32c(std::string_view base64);

using Md5Digest = std::array<char, 16>;

// An MD5 that is fed piece by piece.
class Md5 {
 public:
  Md5();
  ~Md5();
  Md5(Md5&&) noexcept;
  Md5& operator=(Md5&&) noexcept;
  void Update(std::string_view bytes);
  Md5Digest Finish();  // once

 private:
  struct Free {
    void operator()(void* context) const;
  };
  std::unique_ptr<void, Free> context_;
};

std::string Sha256(std::string_view bytes);                            // 32 raw bytes
std::string HmacSha256(std::string_view key, std::string_view bytes);  // 32 raw bytes
// In time that depends on the lengths only.
bool EqualConstantTime(std::string_view a, std::string_view b);

std::string EncodeHex(std::string_view bytes);
Result<std::string> DecodeHex(std::string_view text);
// Writes text.size() / 2 bytes to `out`; false when `text` isn't pairs of hex digits, and what was
// written is of no use.
bool DecodeHexTo(std::string_view text, char* out);
std::string EncodeBase64(std::string_view bytes);  // with padding
void AppendBase64(std::string& out, std::string_view bytes);
std::string EncodeBase64Url(std::string_view bytes);  // without padding
// Standard or URL alphabet, padding optional.
Result<std::string> DecodeBase64(std::string_view text);

}  // namespace caudal
