#include "api/gcs/checksums.h"

#include <algorithm>

#include "api/gcs/errors.h"
#include "api/gcs/parameters.h"

namespace caudal::api::gcs {
namespace {

Result<uint32_t> ParseCrc32c(std::string_view base64, std::string_view name) {
  const Result<uint32_t> crc = DecodeCrc32c(base64);
  if (!crc.ok()) return InvalidValue(name, "a CRC32C: base64 of its 4 big-endian bytes");
  return *crc;
}

}  // namespace

Result<Md5Digest> ParseMd5(std::string_view base64, std::string_view name) {
  const Result<std::string> bytes = DecodeBase64(base64);
  Md5Digest md5{};
  if (!bytes.ok() || bytes->size() != md5.size())
    return InvalidValue(name, "an MD5: base64 of its 16 bytes");
  std::copy(bytes->begin(), bytes->end(), md5.begin());
  return md5;
}

Result<Checksums> ChecksumsOf(const http::Headers& headers) {
  Checksums sums;
  for (const auto& [name, value] : headers) {
    if (EqualsIgnoringCase(name, "Content-MD5")) {
      sums.md5 = TRY(ParseMd5(value, "Content-MD5"));
    } else if (EqualsIgnoringCase(name, "x-goog-hash")) {
      std::string_view list = value;
      while (!list.empty()) {
        const size_t comma = list.find(',');
        const std::string_view item = Trimmed(list.substr(0, comma));
        list = comma == std::string_view::npos ? std::string_view() : list.substr(comma + 1);
        if (StartsWithIgnoringCase(item, "crc32c="))
          sums.crc32c = TRY(ParseCrc32c(item.substr(7), "x-goog-hash"));
        if (StartsWithIgnoringCase(item, "md5="))
          sums.md5 = TRY(ParseMd5(item.substr(4), "x-goog-hash"));
      }
    }
  }
  return sums;
}

Result<void> AddChecksumsOf(const Json& resource, Checksums& sums) {
  const auto text = [&](const char* key) -> const std::string* {
    const auto member = resource.find(key);
    if (member == resource.end() || !member->is_string()) return nullptr;
    return &member->get_ref<const std::string&>();
  };
  if (const std::string* crc = text("crc32c"); crc != nullptr && !sums.crc32c)
    sums.crc32c = TRY(ParseCrc32c(*crc, "crc32c"));
  if (const std::string* md5 = text("md5Hash"); md5 != nullptr && !sums.md5)
    sums.md5 = TRY(ParseMd5(*md5, "md5Hash"));
  return {};
}

}  // namespace caudal::api::gcs
