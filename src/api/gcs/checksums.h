// Checksums and sizes that a client says its bytes have.
#pragma once

#include <optional>

#include "base/result.h"
#include "data/digest.h"
#include "data/json.h"
#include "http/message.h"

namespace caudal::api::gcs {

struct Checksums {
  std::optional<uint32_t> crc32c;
  std::optional<Md5Digest> md5;
};

// X-Goog-Hash ("crc32c=…,md5=…", perhaps several) and Content-MD5.
Result<Checksums> ChecksumsOf(const http::Headers& headers);
// crc32c and md5Hash of an object resource; what is there already stays.
Result<void> AddChecksumsOf(const Json& resource, Checksums& checksums);

Result<Md5Digest> ParseMd5(std::string_view base64, std::string_view name);

}  // namespace caudal::api::gcs
