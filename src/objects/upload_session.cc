#include "objects/upload_session.h"

#include <fmt/format.h>

#include <algorithm>

namespace caudal::objects {
namespace {

constexpr size_t kReadBytes = 1u << 20;

}  // namespace

Result<void> UploadSession::Digest() {
  if (digested) return {};
  crc32c = 0;
  md5 = Md5();
  std::string buffer(kReadBytes, '\0');
  for (uint64_t at = 0; at < received;) {
    const size_t wanted = std::min<uint64_t>(buffer.size(), received - at);
    const size_t n = TRY(file.ReadAt(at, buffer.data(), wanted));
    if (n == 0)
      return MakeError(
          ErrorKind::kCorrupt,
          fmt::format("the file of upload {} is shorter than recorded: start the upload again",
                      id));
    crc32c = Crc32c({buffer.data(), n}, crc32c);
    md5.Update({buffer.data(), n});
    at += n;
  }
  digested = true;
  return {};
}

}  // namespace caudal::objects
