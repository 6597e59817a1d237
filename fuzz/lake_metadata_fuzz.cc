// Any text is table metadata or is refused; what was read is written so that it reads the same.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "lake/format/table_metadata.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace caudal::lake;
  const auto metadata = ParseTableMetadata({reinterpret_cast<const char*>(data), size});
  if (!metadata.ok()) return 0;
  const auto again = ParseTableMetadata(caudal::DumpJson(TableMetadataToJson(*metadata)));
  if (!again.ok() || !(*again == *metadata)) abort();
  return 0;
}
