// What stands at the end of a Parquet file: its columns, with their field ids, and where its row
// groups lie.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "os/file.h"

namespace caudal::engine {

struct ParquetNode {
  std::string name;
  std::optional<int32_t> field_id;
  bool repeated = false;
  bool text = false;     // bytes that are marked as UTF-8
  bool map = false;      // marked as a map, in the new way or the old one
  bool decimal = false;  // likewise
  bool uuid = false;
  std::optional<int> physical;  // Parquet's type; of columns that hold values
  std::string type;  // all that the schema says of the type: the same text, the same type
  std::vector<size_t> children;  // places in ParquetFooter::nodes; none: a column that holds values
};

struct ParquetRowGroup {
  int64_t rows = 0;
  int64_t start = 0;                  // of its first page in the file
  std::vector<int64_t> column_bytes;  // compressed; a column without children each, depth first
};

struct ParquetFooter {
  int64_t rows = 0;
  std::vector<ParquetNode> nodes;  // the first is the root, a child after its parent
  std::vector<ParquetRowGroup> row_groups;

  const std::vector<size_t>& columns() const { return nodes[0].children; }
  size_t leaves() const;
};

// kInvalid when it is no Parquet file, or its footer says what can't be.
Result<ParquetFooter> ReadParquetFooter(const os::File& file);
// From the bytes between the last page and the footer's length: Thrift's compact form.
Result<ParquetFooter> ParseParquetFooter(std::string_view bytes);

}  // namespace caudal::engine
