// The manifests of tables, read from the store and kept parsed in memory.
#pragma once

#include <cstdint>
#include <list>
#include <string>
#include <unordered_map>

#include "base/mutex.h"
#include "base/result.h"
#include "lake/files/snapshot_files.h"
#include "objects/store.h"

namespace caudal::lake {

// Thread-safe. Files never change, so that what is kept is never stale; what was used longest ago
// goes first.
class ManifestCache {
 public:
  // `store` must outlive it. `bytes_max`: of the manifests' bytes that are kept parsed.
  ManifestCache(objects::Store& store, uint64_t bytes_max) : store_(store), bytes_max_(bytes_max) {}

  // kCorrupt, naming the file, when one that the snapshot needs is gone or isn't what it should be.
  Result<SharedFiles> Read(const Snapshot& snapshot) EXCLUDES(mutex_);
  // What was just published: later reads find it in memory.
  void Keep(const std::string& manifest_list, SharedFiles files) EXCLUDES(mutex_);

 private:
  struct Entry {
    std::string path;
    uint64_t bytes = 0;
    SharedManifest manifest;  // one of the two
    SharedFiles files;        // of a manifest list
  };

  Result<SharedManifest> ReadOne(const ManifestFile& listed) EXCLUDES(mutex_);
  void Put(Entry entry) EXCLUDES(mutex_);
  const Entry* Find(const std::string& path) REQUIRES(mutex_);

  objects::Store& store_;
  const uint64_t bytes_max_;
  Mutex mutex_;
  std::list<Entry> entries_ GUARDED_BY(mutex_);  // last used first
  std::unordered_map<std::string, std::list<Entry>::iterator> by_path_ GUARDED_BY(mutex_);
  uint64_t bytes_ GUARDED_BY(mutex_) = 0;
};

}  // namespace caudal::lake
