// Byte ranges: of reads (Range) and of resumable uploads (Content-Range).
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/result.h"

namespace caudal::api::gcs {

struct ByteRange {
  uint64_t offset = 0;
  uint64_t length = 0;
};

// What a Range header asks of `size` bytes: none when there is no usable single range, so that all
// is sent. kInvalid ("range.unsatisfiable") when it lies outside.
Result<std::optional<ByteRange>> ParseRange(std::string_view header, uint64_t size);

// "bytes 0-9/10", "bytes 0-9/*", "bytes */10", "bytes */*", "bytes 0-*/10", "bytes 0-*/*".
struct UploadRange {
  bool has_bytes = false;  // else only the state is asked, or the end announced
  uint64_t first = 0;
  std::optional<uint64_t> last;  // inclusive; none: to the end of the body
  std::optional<uint64_t> total;
};
Result<UploadRange> ParseUploadRange(std::string_view header);

}  // namespace caudal::api::gcs
