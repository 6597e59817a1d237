// Files of a table as local files.
#pragma once

#include <memory>
#include <string>

#include "base/result.h"
#include "lake/format/data_file.h"
#include "objects/store.h"

namespace caudal::lake {

struct LocalFile {
  std::string path;
  objects::ReadGuard guard;  // the file stays while it lives
};

// kCorrupt, naming the file, when it isn't there or of another size than its manifest says.
Result<LocalFile> OpenTableFile(objects::Store& store, const DataFile& file);

}  // namespace caudal::lake
