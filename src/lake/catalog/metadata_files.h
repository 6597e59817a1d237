// The metadata files of tables: written once, kept parsed in memory.
#pragma once

#include <cstdint>
#include <list>
#include <memory>
#include <string>
#include <unordered_map>

#include "base/mutex.h"
#include "base/result.h"
#include "lake/format/table_metadata.h"
#include "objects/store.h"

namespace caudal::lake {

using SharedMetadata = std::shared_ptr<const TableMetadata>;

// Thread-safe. Files never change, so that what is kept is never stale.
class MetadataFiles {
 public:
  // `store` must outlive it. `bytes_max`: of the files' text that is kept parsed.
  MetadataFiles(objects::Store& store, uint64_t bytes_max) : store_(store), bytes_max_(bytes_max) {}

  // kCorrupt, naming the file, when it isn't there or isn't one.
  Result<SharedMetadata> Read(const std::string& location) EXCLUDES(mutex_);
  // As it is to be published; refuses to replace an object.
  static Result<objects::FileToPublish> ToPublish(const std::string& location,
                                                  const TableMetadata& metadata);
  // What was published: later reads find it in memory.
  void Keep(const std::string& location, SharedMetadata metadata, uint64_t bytes) EXCLUDES(mutex_);

 private:
  struct Entry {
    std::string location;
    SharedMetadata metadata;
    uint64_t bytes;
  };

  objects::Store& store_;
  const uint64_t bytes_max_;
  Mutex mutex_;
  std::list<Entry> entries_ GUARDED_BY(mutex_);  // last used first
  std::unordered_map<std::string, std::list<Entry>::iterator> by_location_ GUARDED_BY(mutex_);
  uint64_t bytes_ GUARDED_BY(mutex_) = 0;
};

}  // namespace caudal::lake
