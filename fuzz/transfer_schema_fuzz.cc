// A schema's text gives a schema, or an error; never anything else.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/error.h"
#include "transfer/schema_text.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto schema = caudal::transfer::ParseSchema(text, {});
  if (schema.ok()) CAUDAL_CHECK(schema->fields().size() <= size, "more columns than characters");
  return 0;
}
