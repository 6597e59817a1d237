// XML request bodies.
#include <cstdint>

#include "api/gcs/xml_bodies.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view xml(reinterpret_cast<const char*>(data), size);
  (void)caudal::api::gcs::ParseCompleteBody(xml).ok();
  (void)caudal::api::gcs::ParseDeleteBody(xml).ok();
  caudal::objects::BucketSettings settings;
  (void)caudal::api::gcs::ApplyCreateBucketBody(xml, settings).ok();
  return 0;
}
