#include "data/digest.h"

#include <isa-l/crc.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/sha.h>

#include <array>

namespace caudal {
namespace {

constexpr uint32_t kCastagnoliReflected = 0x82f63b78;

// The product of two polynomials over GF(2) modulo the Castagnoli polynomial, bits reflected.
uint32_t MultiplyModP(uint32_t a, uint32_t b) {
  uint32_t product = 0;
  for (uint32_t bit = 1u << 31; bit != 0; bit >>= 1) {
    if ((a & bit) != 0) product ^= b;
    b = (b & 1) != 0 ? (b >> 1) ^ kCastagnoliReflected : b >> 1;
  }
  return product;
}

// x^(8 * bytes) modulo the polynomial.
uint32_t ShiftOf(uint64_t bytes) {
  uint32_t power = 1u << 31;         // x^0
  uint32_t square = 1u << (31 - 8);  // x^8
  for (; bytes != 0; bytes >>= 1) {
    if ((bytes & 1) != 0) power = MultiplyModP(square, power);
    square = MultiplyModP(square, square);
  }
  return power;
}

// The value of a hex digit, or 0xff.
constexpr std::array<uint8_t, 256> kHexValues = [] {
  std::array<uint8_t, 256> values{};
  for (size_t c = 0; c < values.size(); ++c) {
    values[c] = 0xff;
    if (c >= '0' && c <= '9') values[c] = static_cast<uint8_t>(c - '0');
    if (c >= 'a' && c <= 'f') values[c] = static_cast<uint8_t>(c - 'a' + 10);
    if (c >= 'A' && c <= 'F') values[c] = static_cast<uint8_t>(c - 'A' + 10);
  }
  return values;
}();

int Base64Value(char c) {
  if (c >= 'A' && c <= 'Z') return c - 'A';
  if (c >= 'a' && c <= 'z') return c - 'a' + 26;
  if (c >= '0' && c <= '9') return c - '0' + 52;
  if (c == '+' || c == '-') return 62;
  if (c == '/' || c == '_') return 63;
  return -1;
}

EVP_MD_CTX* Context(void* context) { return static_cast<EVP_MD_CTX*>(context); }

}  // namespace

uint32_t Crc32c(std::string_view bytes, uint32_t seed) {
  uint32_t crc = ~seed;
  while (!bytes.empty()) {  // the library counts in int
    const size_t n = std::min<size_t>(bytes.size(), 1u << 30);
    crc = crc32_iscsi(
        reinterpret_cast<unsigned char*>(const_cast<char*>(bytes.data())),  // NOLINT: reads only
        static_cast<int>(n), crc);
    bytes.remove_prefix(n);
  }
  return ~crc;
}

uint32_t CombineCrc32c(uint32_t first, uint32_t second, uint64_t second_bytes) {
  return MultiplyModP(ShiftOf(second_bytes), first) ^ second;
}

std::string EncodeCrc32c(uint32_t crc) {
  const char bytes[4] = {static_cast<char>(crc >> 24), static_cast<char>(crc >> 16),
                         static_cast<char>(crc >> 8), static_cast<char>(crc)};
  return EncodeBase64({bytes, 4});
}

Result<uint32_t> DecodeCrc32c(std::string_view base64) {
  Result<std::string> raw = DecodeBase64(base64);
  if (!raw.ok() || raw->size() != 4)
    return MakeError(ErrorKind::kInvalid, "crc32c must be the base64 of four big-endian bytes");
  uint32_t crc = 0;
  for (char c : *raw) crc = crc << 8 | static_cast<unsigned char>(c);
  return crc;
}

Md5::Md5() : context_(EVP_MD_CTX_new()) {
  CAUDAL_CHECK(EVP_DigestInit_ex(Context(context_.get()), EVP_md5(), nullptr) == 1, "no MD5");
}
Md5::~Md5() = default;
Md5::Md5(Md5&&) noexcept = default;
Md5& Md5::operator=(Md5&&) noexcept = default;
void Md5::Free::operator()(void* context) const { EVP_MD_CTX_free(Context(context)); }

void Md5::Update(std::string_view bytes) {
  EVP_DigestUpdate(Context(context_.get()), bytes.data(), bytes.size());
}

Md5Digest Md5::Finish() {
  Md5Digest digest{};
  EVP_DigestFinal_ex(Context(context_.get()), reinterpret_cast<unsigned char*>(digest.data()),
                     nullptr);
  return digest;
}

std::string Sha256(std::string_view bytes) {
  std::string out(SHA256_DIGEST_LENGTH, '\0');
  SHA256(reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(),
         reinterpret_cast<unsigned char*>(out.data()));
  return out;
}

std::string HmacSha256(std::string_view key, std::string_view bytes) {
  std::string out(SHA256_DIGEST_LENGTH, '\0');
  unsigned int length = 0;
  HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()),
       reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(),
       reinterpret_cast<unsigned char*>(out.data()), &length);
  return out;
}

bool EqualConstantTime(std::string_view a, std::string_view b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

std::string EncodeHex(std::string_view bytes) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string out;
  out.reserve(bytes.size() * 2);
  for (unsigned char c : bytes) {
    out.push_back(kDigits[c >> 4]);
    out.push_back(kDigits[c & 15]);
  }
  return out;
}

Result<std::string> DecodeHex(std::string_view text) {
  if (text.size() % 2 != 0) return MakeError(ErrorKind::kInvalid, "odd number of hex digits");
  std::string out(text.size() / 2, '\0');
  if (!DecodeHexTo(text, out.data())) return MakeError(ErrorKind::kInvalid, "not a hex digit");
  return out;
}

bool DecodeHexTo(std::string_view text, char* out) {
  if (text.size() % 2 != 0) return false;
  uint8_t all = 0;
  for (size_t i = 0; i < text.size(); i += 2) {
    const uint8_t high = kHexValues[static_cast<uint8_t>(text[i])];
    const uint8_t low = kHexValues[static_cast<uint8_t>(text[i + 1])];
    all |= high | low;
    *out++ = static_cast<char>(high << 4 | low);
  }
  return all < 16;
}

std::string EncodeBase64(std::string_view bytes) {
  std::string out;
  AppendBase64(out, bytes);
  return out;
}

void AppendBase64(std::string& out, std::string_view bytes) {
  const size_t start = out.size();
  out.resize(start + (bytes.size() + 2) / 3 * 4);
  // Writes a terminating zero too, where a std::string has one anyway.
  EVP_EncodeBlock(reinterpret_cast<unsigned char*>(out.data() + start),
                  reinterpret_cast<const unsigned char*>(bytes.data()),
                  static_cast<int>(bytes.size()));
}

std::string EncodeBase64Url(std::string_view bytes) {
  std::string out = EncodeBase64(bytes);
  while (!out.empty() && out.back() == '=') out.pop_back();
  for (char& c : out) {
    if (c == '+') c = '-';
    if (c == '/') c = '_';
  }
  return out;
}

Result<std::string> DecodeBase64(std::string_view text) {
  while (!text.empty() && text.back() == '=') text.remove_suffix(1);
  if (text.size() % 4 == 1) return MakeError(ErrorKind::kInvalid, "not base64: wrong length");
  std::string out;
  out.reserve(text.size() * 3 / 4);
  uint32_t bits = 0;
  int count = 0;
  for (char c : text) {
    const int value = Base64Value(c);
    if (value < 0) return MakeError(ErrorKind::kInvalid, "not base64: unexpected character");
    bits = bits << 6 | static_cast<uint32_t>(value);
    count += 6;
    if (count >= 8) {
      count -= 8;
      out.push_back(static_cast<char>(bits >> count & 0xff));
    }
  }
  return out;
}

}  // namespace caudal
