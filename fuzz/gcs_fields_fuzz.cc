// A `fields` selector over a document: what is kept, kept again, stays the same.
#include <cstdint>
#include <cstdlib>

#include "api/gcs/fields.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const caudal::Json document = caudal::Json::parse(
      R"({"a":{"b":[{"c":1,"d":{"e":2}},{"c":3}],"f":null},"items":[{"name":"x"}],"n":1})");
  const auto fields = caudal::api::gcs::Fields::Parse({reinterpret_cast<const char*>(data), size});
  if (!fields.ok()) return 0;
  const caudal::Json kept = fields->Filter(document);
  if (fields->Filter(kept) != kept) abort();
  return 0;
}
