#include "app/copy_file.h"

#include <algorithm>
#include <memory>

#include "data/digest.h"
#include "os/file.h"

namespace caudal::app {
namespace {

constexpr size_t kPiece = 1u << 20;

Result<uint32_t> ReadThrough(const std::string& path, uint64_t size, const Cancelled& cancelled,
                             const std::function<Result<void>(uint64_t, std::string_view)>& visit) {
  const os::File file = TRY(os::File::Open(path, os::File::Mode::kRead));
  const auto buffer = std::make_unique<char[]>(std::min<uint64_t>(size, kPiece) + 1);
  uint32_t crc = 0;
  for (uint64_t at = 0; at < size;) {
    if (cancelled && cancelled())
      return MakeError(ErrorKind::kCancelled, "stopped before it was complete; run it again");
    const size_t n = TRY(file.ReadAt(at, buffer.get(), std::min<uint64_t>(kPiece, size - at)));
    if (n == 0)
      return MakeError(ErrorKind::kCorrupt, path + " is shorter than its " + std::to_string(size) +
                                                " bytes; run `caudal fsck`");
    const std::string_view bytes(buffer.get(), n);
    crc = Crc32c(bytes, crc);
    TRY(visit(at, bytes));
    at += n;
  }
  return crc;
}

}  // namespace

Result<uint32_t> CopyFile(const std::string& from, const std::string& to, uint64_t size,
                          const Cancelled& cancelled) {
  os::File out = TRY(os::File::Open(to, os::File::Mode::kOpenOrCreate));
  if (TRY(out.Size()) > 0) TRY(out.Truncate(0));
  return ReadThrough(from, size, cancelled,
                     [&](uint64_t at, std::string_view bytes) { return out.WriteAt(at, bytes); });
}

Result<uint32_t> ChecksumOf(const std::string& path, uint64_t size, const Cancelled& cancelled) {
  return ReadThrough(path, size, cancelled,
                     [](uint64_t, std::string_view) -> Result<void> { return {}; });
}

Result<uint64_t> SizeOf(const std::string& path) {
  return TRY(os::File::Open(path, os::File::Mode::kRead)).Size();
}

}  // namespace caudal::app
