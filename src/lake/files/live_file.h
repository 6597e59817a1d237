// A file that a snapshot of a table has, with the numbers that deletes apply by.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "lake/format/data_file.h"

namespace caudal::lake {

struct LiveFile {
  DataFile file;
  int32_t spec_id = 0;               // of its partition values
  int64_t snapshot_id = 0;           // that added it
  int64_t sequence_number = 0;       // deletes apply by it
  int64_t file_sequence_number = 0;  // of the snapshot that added it
};

// Never changes once it is shared.
using SharedFile = std::shared_ptr<const LiveFile>;

// Rows of one data file, ascending, each once.
struct FileRows {
  SharedFile file;
  std::vector<int64_t> rows;
};

}  // namespace caudal::lake
