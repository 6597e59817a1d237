// Memory handed from one process to another: written once, sealed, then mapped read-only. What the
// writer sends can't change or shrink under the reader, whatever the writer does.
#pragma once

#include <cstddef>
#include <memory>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "os/file.h"

namespace caudal::os {

// The parts one after another, sealed.
Result<File> MakeSealedMemory(const std::vector<std::string_view>& parts);

class MappedMemory {
 public:
  // kInvalid when the file isn't sealed against every change.
  static Result<std::shared_ptr<const MappedMemory>> Map(const File& file);
  ~MappedMemory();
  MappedMemory(const MappedMemory&) = delete;
  MappedMemory& operator=(const MappedMemory&) = delete;

  std::string_view bytes() const { return bytes_; }

 private:
  explicit MappedMemory(std::string_view bytes) : bytes_(bytes) {}
  std::string_view bytes_;
};

}  // namespace caudal::os
