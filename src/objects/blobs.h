// The files that hold objects' bytes. A blob is written once, never changed, and named by a number
// that is never reused: <folder>/<id / 4096, 8 hex>/<id, 16 hex>.
//
// Which blobs are referenced is the metadata's knowledge. A crash can leave files that nothing
// refers to; their numbers lie between the floor and the reserved end that the metadata keeps, so
// that recovery looks only there.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <set>
#include <string>
#include <vector>

#include "base/mutex.h"
#include "base/result.h"
#include "meta/database.h"
#include "os/file.h"

namespace caudal::objects {

// Thread-safe.
class BlobFiles {
 public:
  BlobFiles(std::string folder, meta::Database& database);

  // Reads the persisted range. Call once, before anything else; returns the range that may hold
  // orphans.
  struct Range {
    int64_t first = 0;
    int64_t end = 0;
  };
  Result<Range> Load();

  // A new number, in flight until Settle. Now and then persists a further reservation first.
  Result<int64_t> Allocate();
  // The blob is referenced by committed metadata, or its file is gone.
  void Settle(int64_t blob);
  // Persists how far no orphan can lie behind. For the maintenance step and a clean stop.
  Result<void> PersistFloor();

  // Creates the file of an allocated number, and its folder where it is the first in it.
  Result<os::File> Create(int64_t blob);
  // Likewise, of a finished file that lies on the same file system; errors are os::Rename's.
  Result<void> MoveIn(int64_t blob, const std::string& path);
  Result<os::File> Open(int64_t blob, os::File::Mode mode = os::File::Mode::kRead) const;
  // Removes the file of a blob that never became visible, and settles it.
  void Abandon(int64_t blob);

  std::string PathOf(int64_t blob) const;
  std::string DirOf(int64_t blob) const;
  const std::string& folder() const { return folder_; }
  // Every file whose number is in [first, end), in order.
  Result<void> ForEachFile(Range range, const std::function<Result<void>(int64_t)>& visit) const;

 private:
  Result<void> Reserve(int64_t end);
  template <class Make>
  auto InFolder(int64_t blob, Make&& make) -> decltype(make());

  const std::string folder_;
  meta::Database& database_;
  std::atomic<int64_t> last_dir_made_{-1};
  Mutex reserve_mutex_;  // held across the write that reserves
  mutable Mutex mutex_;
  int64_t next_ GUARDED_BY(mutex_) = 1;
  int64_t reserved_end_ GUARDED_BY(mutex_) = 1;
  std::set<int64_t> in_flight_ GUARDED_BY(mutex_);
};

}  // namespace caudal::objects
