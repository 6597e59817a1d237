#include "os/shared_memory.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

namespace caudal::os {
namespace {

constexpr int kSeals = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL;
constexpr size_t kPartsAtOnce = 512;  // below the kernel's 1,024

Result<void> WriteAll(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t n = ::write(fd, bytes.data(), bytes.size());
    if (n < 0 && errno != EINTR) return ErrnoError(errno, "writing shared memory");
    if (n > 0) bytes.remove_prefix(static_cast<size_t>(n));
  }
  return {};
}

// Normally one call; what a short write leaves goes part by part.
Result<void> WriteParts(int fd, const std::string_view* parts, size_t count) {
  std::array<iovec, kPartsAtOnce> vectors{};
  for (size_t i = 0; i < count; ++i)
    vectors[i] = {const_cast<char*>(parts[i].data()), parts[i].size()};
  ssize_t n = ::writev(fd, vectors.data(), static_cast<int>(count));
  if (n < 0 && errno != EINTR) return ErrnoError(errno, "writing shared memory");
  auto done = static_cast<size_t>(std::max<ssize_t>(n, 0));
  for (size_t i = 0; i < count; ++i) {
    const size_t skipped = std::min(done, parts[i].size());
    done -= skipped;
    TRY(WriteAll(fd, parts[i].substr(skipped)));
  }
  return {};
}

}  // namespace

Result<File> MakeSealedMemory(const std::vector<std::string_view>& parts) {
  const int fd = ::memfd_create("caudal", MFD_CLOEXEC | MFD_ALLOW_SEALING);
  if (fd < 0) return ErrnoError(errno, "memfd_create");
  File file = File::FromFd(fd);
  for (size_t first = 0; first < parts.size(); first += kPartsAtOnce)
    TRY(WriteParts(fd, parts.data() + first, std::min(kPartsAtOnce, parts.size() - first)));
  if (::fcntl(fd, F_ADD_SEALS, kSeals) != 0) return ErrnoError(errno, "sealing shared memory");
  return file;
}

Result<std::shared_ptr<const MappedMemory>> MappedMemory::Map(const File& file) {
  const int seals = ::fcntl(file.fd(), F_GET_SEALS);
  if (seals < 0 || (seals & kSeals) != kSeals)
    return MakeError(ErrorKind::kInvalid, "the shared memory isn't sealed");
  const uint64_t size = TRY(file.Size());
  void* start = nullptr;
  if (size > 0) {
    start = ::mmap(nullptr, size, PROT_READ, MAP_SHARED | MAP_POPULATE, file.fd(), 0);
    if (start == MAP_FAILED) return ErrnoError(errno, "mapping shared memory");
  }
  return std::shared_ptr<const MappedMemory>(
      new MappedMemory(std::string_view(static_cast<const char*>(start), size)));
}

MappedMemory::~MappedMemory() {
  if (!bytes_.empty()) ::munmap(const_cast<char*>(bytes_.data()), bytes_.size());
}

}  // namespace caudal::os
