// A batch body.
#include <cstdint>

#include "api/gcs/batch.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view body(reinterpret_cast<const char*>(data), size);
  const auto calls = caudal::api::gcs::ParseBatch("B", body, 100);
  if (!calls.ok()) return 0;
  std::string out;
  for (const auto& call : *calls)
    caudal::api::gcs::AppendBatchAnswer(out, call.content_id, caudal::http::Response::Empty(204));
  return 0;
}
