#include "os/mapped_file.h"

#include <sys/mman.h>

#include <cerrno>
#include <utility>

#include "os/file.h"

namespace caudal::os {

Result<MappedFile> MappedFile::Open(const std::string& path) {
  const File file = TRY(File::Open(path, File::Mode::kReadPlain));
  const uint64_t size = TRY(file.Size());
  if (size == 0) return MappedFile();
  void* start = ::mmap(nullptr, size, PROT_READ, MAP_SHARED, file.fd(), 0);
  if (start == MAP_FAILED) return ErrnoError(errno, "mapping " + path);
  (void)::madvise(start, size, MADV_RANDOM);
  return MappedFile(std::string_view(static_cast<const char*>(start), size));
}

MappedFile::MappedFile(MappedFile&& other) noexcept : bytes_(std::exchange(other.bytes_, {})) {}

MappedFile& MappedFile::operator=(MappedFile&& other) noexcept {
  if (this != &other) {
    Unmap();
    bytes_ = std::exchange(other.bytes_, {});
  }
  return *this;
}

MappedFile::~MappedFile() { Unmap(); }

void MappedFile::Unmap() {
  if (!bytes_.empty()) ::munmap(const_cast<char*>(bytes_.data()), bytes_.size());
  bytes_ = {};
}

}  // namespace caudal::os
