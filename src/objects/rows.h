// Bucket and object rows: SQL in, values out. No rules here; those are in objects/publish.h.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/mutex.h"
#include "base/result.h"
#include "meta/database.h"
#include "objects/hot_objects.h"
#include "objects/types.h"

namespace caudal::objects {

enum class Table : uint8_t { kLive, kOld };

// The columns of an object row, in the order of ReadObject.
#define CAUDAL_OBJECT_COLUMNS                                                           \
  "name, generation, metageneration, size, crc32c, md5, components, created, updated, " \
  "class_updated, noncurrent_since, soft_deleted, hard_delete, retention_from, blob, "  \
  "content_type, metadata"

// From a statement that selects CAUDAL_OBJECT_COLUMNS, starting at `column`.
Result<Object> ReadObject(const meta::Statement& row, const Bucket& bucket, int column = 0);
// The end of the retention that the bucket's present policy gives the object.
std::optional<Micros> RetentionEnd(const Bucket& bucket, const Object& object);

Result<std::optional<Object>> FindLive(meta::Connection& connection, const Bucket& bucket,
                                       std::string_view name);
Result<std::optional<Object>> FindOld(meta::Connection& connection, const Bucket& bucket,
                                      std::string_view name, int64_t generation);
// Changes of live rows are told to `hot`.
Result<void> InsertObject(meta::Tx& tx, HotObjects& hot, Table table, int64_t bucket_id,
                          const Object& object);
// The row of this name (live) or name and generation (old).
Result<void> RemoveObject(meta::Tx& tx, HotObjects& hot, Table table, int64_t bucket_id,
                          const Object& object);
// metageneration, updated, storage class time, retention and metadata.
Result<void> RewriteObject(meta::Tx& tx, HotObjects& hot, Table table, int64_t bucket_id,
                           const Object& object);

// Bucket rows with their settings parsed once per version. Thread-safe; always as current as the
// connection.
class BucketCache {
 public:
  // kNotFound ("bucket.not_found").
  Result<std::shared_ptr<const Bucket>> Find(meta::Connection& connection, std::string_view name);

 private:
  struct Entry {
    int64_t version = 0;
    std::shared_ptr<const Bucket> bucket;
  };
  Mutex mutex_;
  std::map<std::string, Entry, std::less<>> buckets_ GUARDED_BY(mutex_);
};

Result<Bucket> ReadBucket(
    const meta::Statement& row);  // of "id, name, created, updated, metageneration, settings"

Error BucketNotFound(std::string_view bucket);
Error ObjectNotFound(std::string_view bucket, std::string_view name);

}  // namespace caudal::objects
