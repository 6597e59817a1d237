// One resumable upload in memory. Internal to ResumableUploads.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/mutex.h"
#include "base/result.h"
#include "data/digest.h"
#include "objects/store.h"
#include "os/file.h"

namespace caudal::objects {

// `mutex` is held for each operation, syncs included: an upload has one client.
struct UploadSession {
  Mutex mutex;
  // Constant after it is made.
  std::string id;
  WriteRequest request;
  int64_t blob = 0;

  os::File file GUARDED_BY(mutex);
  uint64_t persisted GUARDED_BY(mutex) = 0;
  uint64_t received GUARDED_BY(mutex) = 0;  // in the file, maybe not synced
  uint32_t crc32c GUARDED_BY(mutex) = 0;
  Md5 md5 GUARDED_BY(mutex);
  bool digested GUARDED_BY(mutex) = true;  // the digests cover `received` bytes
  bool dropped GUARDED_BY(mutex) = false;
  std::optional<int64_t> generation GUARDED_BY(mutex);  // once complete
  uint64_t writer GUARDED_BY(mutex) = 0;                // the request that may append

  // Reads the file from its start where a restart lost the running digests.
  Result<void> Digest() REQUIRES(mutex);
};

}  // namespace caudal::objects
