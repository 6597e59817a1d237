// Resumable uploads. The bytes go into the blob file as they come; after each request the file is
// synced and the new length persisted, so that the client can go on there after our restart. What
// came and wasn't persisted yet is kept too while the process lives.
#pragma once

#include <list>
#include <map>
#include <memory>
#include <string>

#include "base/mutex.h"
#include "base/result.h"
#include "objects/core.h"
#include "objects/publish.h"
#include "objects/upload_session.h"

namespace caudal::objects {

// Thread-safe.
class ResumableUploads {
 public:
  explicit ResumableUploads(Core& core) : core_(core) {}

  Result<UploadStatus> Start(WriteRequest request);
  Result<UploadStatus> Stat(const std::string& id);
  Result<std::unique_ptr<ChunkWriter>> Continue(const std::string& id, const ChunkRange& range);
  Result<void> Cancel(const std::string& id);
  // Removes those created before `before`. At most `max` a call; returns how many.
  Result<int64_t> Expire(Micros before, int max);

 private:
  friend class SessionWriter;
  Result<std::shared_ptr<UploadSession>> Find(const std::string& id);
  Result<std::shared_ptr<UploadSession>> Load(const std::string& id);
  void Remember(const std::shared_ptr<UploadSession>& session) REQUIRES(mutex_);
  Result<void> Persist(UploadSession& session) REQUIRES(session.mutex);
  Result<Object> Complete(UploadSession& session) REQUIRES(session.mutex);
  Result<void> Drop(const std::string& id);

  Core& core_;
  Mutex load_mutex_;  // one load at a time: a second one would cut what the first one's writer
                      // appends
  Mutex mutex_;
  // Recently used ones, with their open files and running digests; others are loaded again when
  // needed.
  std::map<std::string, std::shared_ptr<UploadSession>> sessions_ GUARDED_BY(mutex_);
  std::list<std::string> recent_ GUARDED_BY(mutex_);
};

}  // namespace caudal::objects
