// A multipart body and how it is cut: the parts must not depend on the cuts.
#include <cstdint>
#include <cstdlib>

#include "api/gcs/multipart.h"

namespace {

class Collector : public caudal::api::gcs::PartSink {
 public:
  caudal::Result<void> OnPart(caudal::http::Headers headers) override {
    text += "[" + std::to_string(headers.size()) + "]";
    return {};
  }
  caudal::Result<void> OnBytes(std::string_view bytes) override {
    text += bytes;
    return {};
  }
  caudal::Result<void> OnPartEnd() override {
    text += "|";
    return {};
  }
  std::string text;
};

std::string Parse(std::string_view body, size_t piece) {
  Collector collector;
  caudal::api::gcs::MultipartParser parser("B", collector);
  for (size_t at = 0; at < body.size(); at += piece) {
    if (!parser.Feed(body.substr(at, piece)).ok()) return "error";
  }
  return parser.Finish().ok() ? collector.text : "error";
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  (void)caudal::api::gcs::BoundaryOf(bytes).ok();
  const std::string_view body = bytes.substr(1);
  if (Parse(body, body.size() + 1) != Parse(body, data[0] % 32 + 1)) abort();
  return 0;
}
