// Range and Content-Range headers: a range must lie inside of the object.
#include <cstdint>
#include <cstdlib>

#include "api/gcs/ranges.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  for (const uint64_t bytes : {0ull, 1ull, 1000ull, 1ull << 62}) {
    const auto range = caudal::api::gcs::ParseRange(text, bytes);
    if (!range.ok() || !*range) continue;
    if ((*range)->length == 0 || (*range)->offset >= bytes ||
        (*range)->length > bytes - (*range)->offset)
      abort();
  }
  const auto upload = caudal::api::gcs::ParseUploadRange(text);
  if (upload.ok() && upload->last && upload->total && *upload->last >= *upload->total) abort();
  return 0;
}
