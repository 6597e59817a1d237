// The footer of a Parquet file is read or refused, and what was read hangs together.
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "engine/parquet_footer.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace caudal;
  const auto footer = engine::ParseParquetFooter({reinterpret_cast<const char*>(data), size});
  if (!footer.ok()) return 0;
  std::vector<int> parents(footer->nodes.size(), 0);
  for (size_t i = 0; i < footer->nodes.size(); ++i)
    for (const size_t child : footer->nodes[i].children) {
      CAUDAL_CHECK(child > i && child < footer->nodes.size(), "a child comes after its parent");
      ++parents[child];
    }
  for (size_t i = 1; i < parents.size(); ++i) CAUDAL_CHECK(parents[i] == 1, "one parent each");
  for (const engine::ParquetRowGroup& group : footer->row_groups)
    CAUDAL_CHECK(group.column_bytes.size() == footer->leaves(), "bytes of every column");
  return 0;
}
