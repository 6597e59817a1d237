// fsck: compares the metadata with the files. Reads only, unless told to repair.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/result.h"
#include "meta/database.h"

namespace caudal::objects {

struct CheckOptions {
  bool checksums = true;  // read every byte
  bool repair = false;    // remove files that nothing refers to; never touches referenced data
  std::function<void(uint64_t objects_done, uint64_t objects_total)> progress;
};

struct Finding {
  bool damage = false;  // data lost or wrong; else tidiness (an orphan file)
  std::string what;     // names the object or file, the cause and the remedy
  bool repaired = false;
};

struct CheckReport {
  uint64_t objects = 0;
  uint64_t bytes = 0;
  std::vector<Finding> findings;  // at most 10,000
};

// On a stopped data folder, or beside a running store when the caller holds a ReadGuard (then
// orphans aren't judged).
Result<CheckReport> CheckObjects(meta::Database& database, const std::string& folder,
                                 const CheckOptions& options, bool store_is_running);

// Every blob id that the metadata refers to, with its size: what a backup copies. Ordered by id.
Result<void> ForEachBlob(meta::Database& database,
                         const std::function<Result<void>(int64_t blob, uint64_t size)>& visit);
// The path of a blob below the objects folder.
std::string BlobPath(const std::string& folder, int64_t blob);

}  // namespace caudal::objects
