// Deleted rows as files that the table's readers know.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "base/result.h"
#include "lake/files/live_file.h"
#include "lake/format/table_metadata.h"
#include "lake/write/context.h"
#include "lake/write/data_files.h"

namespace caudal::lake {

// How a table's deletes are stored: by its format version. Thread-safe.
class DeleteEncoder {
 public:
  virtual ~DeleteEncoder() = default;
  // Files that, added to the table in one commit, delete these rows and no others.
  virtual Result<std::vector<WrittenFile>> Encode(const std::vector<FileRows>& deleted) = 0;
};

// Files of position deletes: for each partition one that names all its data files; where a data
// file loses many rows (or `one_each`), one of its own. kUnsupported for tables of format version
// 3, which have deletion vectors instead. `metadata` must outlive it.
Result<std::unique_ptr<DeleteEncoder>> MakeDeleteEncoder(const WriteContext& context,
                                                         const TableMetadata& metadata,
                                                         bool one_each = false);

}  // namespace caudal::lake
