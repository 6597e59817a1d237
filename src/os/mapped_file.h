// A whole file mapped read-only: looked at where it lies, in memory that the kernel can take back.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace caudal::os {

// Move-only; unmapped on destruction, so no view into it may outlive it. Read here and there: the
// kernel reads no pages ahead. For files that nobody changes in place or cuts short: a read of what
// is gone, or can't be read from the disk, ends the process (SIGBUS). One that is replaced or
// removed stays as it was.
class MappedFile {
 public:
  // kNotFound; kInvalid unless it is a regular file.
  static Result<MappedFile> Open(const std::string& path);

  MappedFile() = default;
  MappedFile(MappedFile&& other) noexcept;
  MappedFile& operator=(MappedFile&& other) noexcept;
  ~MappedFile();

  std::string_view bytes() const { return bytes_; }

 private:
  explicit MappedFile(std::string_view bytes) : bytes_(bytes) {}
  void Unmap();

  std::string_view bytes_;
};

}  // namespace caudal::os
