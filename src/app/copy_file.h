// Copies of files with a running checksum, for backup and restore.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "base/result.h"

namespace caudal::app {

// Whether the person or the server asks to stop.
using Cancelled = std::function<bool()>;

// Copies the first `size` bytes to `to`, over what may be there; returns their CRC-32C. Not
// synced: the caller syncs the file system once. kCorrupt when `from` is shorter.
Result<uint32_t> CopyFile(const std::string& from, const std::string& to, uint64_t size,
                          const Cancelled& cancelled);
// The CRC-32C of the first `size` bytes.
Result<uint32_t> ChecksumOf(const std::string& path, uint64_t size, const Cancelled& cancelled);
// The size of a file; nothing when it isn't there.
Result<uint64_t> SizeOf(const std::string& path);

}  // namespace caudal::app
