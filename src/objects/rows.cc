#include "objects/rows.h"

#include <fmt/format.h>

#include <algorithm>

#include "objects/encode.h"

namespace caudal::objects {
namespace {

constexpr size_t kCachedBucketsMax = 4096;

std::optional<Micros> OptionalInt(const meta::Statement& row, int column) {
  if (row.IsNull(column)) return std::nullopt;
  return row.Int(column);
}

constexpr std::string_view kSelectLive =
    "SELECT " CAUDAL_OBJECT_COLUMNS " FROM live_objects WHERE bucket = ?1 AND name = ?2";
constexpr std::string_view kSelectOld =
    "SELECT " CAUDAL_OBJECT_COLUMNS
    " FROM old_objects WHERE bucket = ?1 AND name = ?2 AND generation = ?3";
#define CAUDAL_OBJECT_VALUES \
  "(bucket, " CAUDAL_OBJECT_COLUMNS ") VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)"
constexpr std::string_view kInsertLive = "INSERT INTO live_objects" CAUDAL_OBJECT_VALUES;
constexpr std::string_view kInsertOld = "INSERT INTO old_objects" CAUDAL_OBJECT_VALUES;
#define CAUDAL_OBJECT_SET                                                         \
  " SET metageneration = ?, updated = ?, class_updated = ?, retention_from = ?, " \
  "content_type = ?, metadata = ? WHERE bucket = ? AND name = ?"

}  // namespace

Error BucketNotFound(std::string_view bucket) {
  return MakeError(ErrorKind::kNotFound, fmt::format("The bucket '{}' doesn't exist.", bucket),
                   "bucket.not_found");
}

Error ObjectNotFound(std::string_view bucket, std::string_view name) {
  return MakeError(ErrorKind::kNotFound, fmt::format("No such object: {}/{}", bucket, name),
                   "object.not_found");
}

std::optional<Micros> RetentionEnd(const Bucket& bucket, const Object& object) {
  if (!bucket.settings.retention_seconds || !object.retention_from) return std::nullopt;
  return *object.retention_from + *bucket.settings.retention_seconds * 1'000'000;
}

Result<Object> ReadObject(const meta::Statement& row, const Bucket& bucket, int column) {
  Object o;
  int c = column;
  o.bucket = bucket.name;
  o.name = row.Text(c++);
  o.generation = row.Int(c++);
  o.metageneration = row.Int(c++);
  o.size = static_cast<uint64_t>(row.Int(c++));
  o.crc32c = static_cast<uint32_t>(row.Int(c++));
  if (!row.IsNull(c)) {
    const std::string_view md5 = row.BlobAt(c);
    if (md5.size() != 16)
      return MakeError(ErrorKind::kCorrupt, "a stored MD5 hasn't 16 bytes: run caudal fsck");
    std::copy(md5.begin(), md5.end(), o.md5.emplace().begin());
  }
  ++c;
  o.component_count = static_cast<int32_t>(row.Int(c++));
  o.created = row.Int(c++);
  o.updated = row.Int(c++);
  o.storage_class_updated = row.Int(c++);
  o.noncurrent_since = OptionalInt(row, c++);
  o.soft_deleted = OptionalInt(row, c++);
  o.hard_delete = OptionalInt(row, c++);
  o.retention_from = OptionalInt(row, c++);
  o.retention_expires = RetentionEnd(bucket, o);
  o.blob = row.Int(c++);
  o.metadata.content_type = row.Text(c++);
  if (!row.IsNull(c)) TRY(DecodeMetadata(row.Text(c), o.metadata));
  return o;
}

Result<std::optional<Object>> FindLive(meta::Connection& connection, const Bucket& bucket,
                                       std::string_view name) {
  meta::Statement row = TRY(connection.Prepare(kSelectLive));
  row.Bind(1, bucket.id);
  row.Bind(2, name);
  if (!TRY(row.Step())) return std::optional<Object>();
  return std::optional<Object>(TRY(ReadObject(row, bucket)));
}

Result<std::optional<Object>> FindOld(meta::Connection& connection, const Bucket& bucket,
                                      std::string_view name, int64_t generation) {
  meta::Statement row = TRY(connection.Prepare(kSelectOld));
  row.Bind(1, bucket.id);
  row.Bind(2, name);
  row.Bind(3, generation);
  if (!TRY(row.Step())) return std::optional<Object>();
  return std::optional<Object>(TRY(ReadObject(row, bucket)));
}

Result<void> InsertObject(meta::Tx& tx, HotObjects& hot, Table table, int64_t bucket_id,
                          const Object& o) {
  if (table == Table::kLive) hot.Change(tx, o.bucket, o.name);
  const std::string metadata = EncodeMetadata(o.metadata);
  std::optional<meta::Blob> md5;
  if (o.md5) md5 = meta::Blob{{o.md5->data(), o.md5->size()}};
  std::optional<std::string_view> stored_metadata;
  if (!metadata.empty()) stored_metadata = metadata;
  TRY(tx.Run(table == Table::kLive ? kInsertLive : kInsertOld, bucket_id, o.name, o.generation,
             o.metageneration, o.size, static_cast<int64_t>(o.crc32c), md5, o.component_count,
             o.created, o.updated, o.storage_class_updated, o.noncurrent_since, o.soft_deleted,
             o.hard_delete, o.retention_from, o.blob, o.metadata.content_type, stored_metadata));
  return {};
}

Result<void> RemoveObject(meta::Tx& tx, HotObjects& hot, Table table, int64_t bucket_id,
                          const Object& o) {
  if (table == Table::kLive) hot.Change(tx, o.bucket, o.name);
  const int64_t removed =
      table == Table::kLive
          ? TRY(tx.Run("DELETE FROM live_objects WHERE bucket = ? AND name = ?", bucket_id, o.name))
          : TRY(tx.Run("DELETE FROM old_objects WHERE bucket = ? AND name = ? AND generation = ?",
                       bucket_id, o.name, o.generation));
  CAUDAL_CHECK(removed == 1, "an object row that was just read is gone");
  return {};
}

Result<void> RewriteObject(meta::Tx& tx, HotObjects& hot, Table table, int64_t bucket_id,
                           const Object& o) {
  if (table == Table::kLive) hot.Change(tx, o.bucket, o.name);
  const std::string metadata = EncodeMetadata(o.metadata);
  std::optional<std::string_view> stored_metadata;
  if (!metadata.empty()) stored_metadata = metadata;
  const int64_t changed =
      table == Table::kLive
          ? TRY(tx.Run("UPDATE live_objects" CAUDAL_OBJECT_SET, o.metageneration, o.updated,
                       o.storage_class_updated, o.retention_from, o.metadata.content_type,
                       stored_metadata, bucket_id, o.name))
          : TRY(tx.Run("UPDATE old_objects" CAUDAL_OBJECT_SET " AND generation = ?",
                       o.metageneration, o.updated, o.storage_class_updated, o.retention_from,
                       o.metadata.content_type, stored_metadata, bucket_id, o.name, o.generation));
  CAUDAL_CHECK(changed == 1, "an object row that was just read is gone");
  return {};
}

Result<Bucket> ReadBucket(const meta::Statement& row) {
  Bucket b;
  b.id = row.Int(0);
  b.name = row.Text(1);
  b.created = row.Int(2);
  b.updated = row.Int(3);
  b.metageneration = row.Int(4);
  b.settings = TRY(DecodeSettings(row.Text(5)));
  return b;
}

Result<std::shared_ptr<const Bucket>> BucketCache::Find(meta::Connection& connection,
                                                        std::string_view name) {
  meta::Statement row = TRY(connection.Prepare(
      "SELECT id, name, created, updated, metageneration, settings, version FROM buckets "
      "WHERE name = ?"));
  row.Bind(1, name);
  if (!TRY(row.Step())) return BucketNotFound(name);
  {
    MutexLock lock(mutex_);
    auto found = buckets_.find(name);
    if (found != buckets_.end() && found->second.version == row.Int(6)) return found->second.bucket;
  }
  auto bucket = std::make_shared<const Bucket>(TRY(ReadBucket(row)));
  MutexLock lock(mutex_);
  if (buckets_.size() >= kCachedBucketsMax) buckets_.clear();
  buckets_[bucket->name] = {row.Int(6), bucket};
  return bucket;
}

}  // namespace caudal::objects
