// The rows that files of position deletes delete, read from the store and kept in memory: whoever
// looks at a busy table needs the same few again and again.
#pragma once

#include <cstdint>
#include <list>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/mutex.h"
#include "base/result.h"
#include "engine/in_process.h"
#include "lake/files/live_file.h"
#include "lake/files/table_file_reader.h"
#include "objects/store.h"

namespace caudal::lake {

// Thread-safe. Files never change, so that what is kept is never stale; what was used longest ago
// goes first.
class PositionDeleteCache {
 public:
  // Both must outlive it. `bytes_max`: of what is kept.
  PositionDeleteCache(objects::Store& store, engine::InProcessDatabase& database,
                      uint64_t bytes_max)
      : store_(store), database_(database), bytes_max_(bytes_max) {}

  // The rows that `deletes` deletes, of the data files among `data` that they apply to. kCorrupt,
  // naming the file, when it is gone or isn't what it should be.
  Result<std::vector<FileRows>> Read(const DataFile& deletes, const std::vector<SharedFile>& data)
      EXCLUDES(mutex_);
  // What was just written, to be published under this path: later reads find it here.
  void Keep(const std::string& path, DeletedPositions rows) EXCLUDES(mutex_);

 private:
  using Rows = std::shared_ptr<const DeletedPositions>;
  struct Entry {
    std::string path;
    uint64_t bytes = 0;
    Rows rows;
  };

  Rows Find(const std::string& path) EXCLUDES(mutex_);
  void Put(const std::string& path, Rows rows) EXCLUDES(mutex_);

  objects::Store& store_;
  engine::InProcessDatabase& database_;
  const uint64_t bytes_max_;
  Mutex mutex_;
  std::list<Entry> entries_ GUARDED_BY(mutex_);  // last used first
  std::unordered_map<std::string, std::list<Entry>::iterator> by_path_ GUARDED_BY(mutex_);
  uint64_t bytes_ GUARDED_BY(mutex_) = 0;
};

}  // namespace caudal::lake
