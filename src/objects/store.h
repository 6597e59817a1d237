// The object store: buckets, objects with generations, preconditions, uploads. Its events are
// written in the same transaction as the change they tell of.
//
// Durability: a call that changes something returns ok only when the bytes, the metadata and the
// event are on stable storage. Visibility: an object appears whole, at its commit; a reader sees
// one generation from start to end, also when it is overwritten or deleted meanwhile. Generations
// are strictly increasing, microseconds of the clock where it allows.
//
// Errors, for every call: kNotFound (code "bucket.not_found", "object.not_found",
// "upload.not_found"), kPrecondition
// ("condition_not_met"; reads: "not_modified" when a *NotMatch condition fails), kConflict
// ("bucket.not_empty", "object.held", "object.retained"), kInvalid, kDiskFull, kLimit. Thread-safe.
// Calls block on disk syncs unless said otherwise.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/random.h"
#include "base/result.h"
#include "events/outbox.h"
#include "meta/database.h"
#include "objects/types.h"
#include "os/file.h"

namespace caudal::objects {

struct StoreOptions {
  std::string folder;  // data folder's "objects"
  uint64_t journaled_bytes_max = 128u
                                 << 10;    // objects up to this share their sync with the metadata
  uint64_t journal_bytes_max = 64u << 20;  // journal size at which uploads wait for its trimming
  uint64_t object_bytes_max = 5ull << 40;
  std::chrono::seconds upload_keep{7 * 24 *
                                   3600};  // resumable and multipart uploads are dropped after this
  int64_t uploads_open_max = 10'000;
  uint64_t read_cache_bytes = 64u << 20;  // small objects kept in memory, with their bytes
  uint64_t disk_reserve_bytes =
      256u << 20;  // intake stops with kDiskFull when less is free; resumes by itself
  std::chrono::milliseconds maintenance_interval{
      60'000};  // expiry of uploads and soft-deleted objects
  std::chrono::milliseconds lifecycle_interval{3'600'000};
  std::string public_url = "http://127.0.0.1:8080";  // for links in event resources
};

// Holds back the removal of every file that is live when it is taken, until it is destroyed. Cheap;
// copyable.
using ReadGuard = std::shared_ptr<void>;

struct OpenedObject {
  Object object;
  std::shared_ptr<os::File> file;
  std::string path;  // a plain local file
  ReadGuard guard;
};

// One or the other: all bytes of a small object, or the open file.
struct ObjectContent {
  Object object;
  std::shared_ptr<const std::string> bytes;
  std::shared_ptr<os::File> file;
  ReadGuard guard;
};

struct WriteRequest {
  std::string bucket;
  std::string name;
  ObjectMetadata metadata;
  Preconditions preconditions;
  // Checked against what arrived: kInvalid ("checksum.mismatch") otherwise.
  std::optional<uint32_t> crc32c;
  std::optional<Md5Digest> md5;
  std::optional<uint64_t> size;
};

// A finished regular local file (kInvalid for a link) that is to become an object, if large without
// an MD5. Or the bytes; or both: then a file of the caller's own has just these, if still there.
struct FileToPublish {
  WriteRequest request;
  std::string path;
  std::optional<std::string> bytes;
};
// What joins a publication's transaction; sees the objects as they will be, in the order given.
// Runs on the metadata writer's thread: short, and no other write inside.
using JoinPublication = std::function<Result<void>(meta::Tx&, std::span<const Object>)>;

// An object being written. Not visible before Commit; dropped when destroyed without it. One thread
// at a time.
class Writer {
 public:
  virtual ~Writer() = default;
  virtual Result<void> Append(std::string_view bytes) = 0;
  virtual uint64_t size() const = 0;
  virtual Result<Object> Commit() = 0;
  // Checksums to check at Commit that came after the bytes (multipart trailers).
  virtual void Expect(std::optional<uint32_t> crc32c, std::optional<Md5Digest> md5) = 0;
};

struct ListQuery {
  std::string bucket;
  std::string prefix;
  std::string delimiter;
  std::string start_offset;  // inclusive
  std::string end_offset;    // exclusive; empty: none
  std::string match_glob;    // kInvalid when malformed or combined with a delimiter other than "/"
  bool versions = false;
  bool soft_deleted = false;
  bool include_trailing_delimiter = false;
  bool include_folders_as_prefixes = false;
  int max_results = 1000;  // items and prefixes together
  std::string page_token;  // from the page before; kInvalid when malformed
};

struct ListPage {
  std::vector<Object> items;
  std::vector<std::string> prefixes;
  std::string next_page_token;  // empty: the end
};

struct BucketPage {
  std::vector<Bucket> items;
  std::string next_page_token;
};

// Which generation: none given, the live one.
struct ObjectRef {
  std::string bucket;
  std::string name;
  std::optional<int64_t> generation;
};

struct ComposeSource {
  std::string name;
  std::optional<int64_t> generation;
  std::optional<int64_t> generation_match;
};

struct ComposeRequest {
  WriteRequest destination;
  std::vector<ComposeSource> sources;  // 1 to 32, of the same bucket
  bool delete_sources = false;
};

struct CopyRequest {
  ObjectRef source;
  Preconditions source_preconditions;
  WriteRequest destination;
  bool keep_metadata = true;   // the source's metadata, else destination.metadata
  bool remove_source = false;  // a move: one transaction
};

// A resumable upload (Cloud Storage JSON and XML).
struct UploadStatus {
  std::string id;
  uint64_t persisted = 0;        // bytes on stable storage
  std::optional<Object> object;  // when it is complete
};

// Bytes of one request into a resumable upload. Destroyed without End: what arrived is kept, as if
// the client had stopped there. One at a time per upload: a second one takes the upload over, and
// the first gets kConflict.
class ChunkWriter {
 public:
  virtual ~ChunkWriter() = default;
  virtual Result<void> Append(std::string_view bytes) = 0;
  // Makes it durable. `total`: the object's size, when the client said; the upload completes when
  // it is reached, or with `last` when the client left the size open.
  virtual Result<UploadStatus> End() = 0;
};

struct ChunkRange {
  std::optional<uint64_t> first;  // of this request; none: continues where the upload stands
  std::optional<uint64_t> total;  // size of the object, if known
  bool last = false;              // the object ends with this request
  // Of the whole object, when they came with the bytes: checked when it completes.
  std::optional<uint32_t> crc32c;
  std::optional<Md5Digest> md5;
};

// A part of an XML multipart upload.
struct Part {
  int number = 0;  // 1 to 10,000
  uint64_t size = 0;
  Md5Digest md5{};
  Micros updated = 0;
};

struct MultipartInfo {
  std::string id;
  std::string name;
  Micros created = 0;
};

struct StoreStats {
  int64_t buckets = 0;
  int64_t objects = 0;
  uint64_t bytes = 0;  // of live objects
  uint64_t journal_bytes = 0;
  int64_t uploads_open = 0;
  int64_t garbage = 0;
  bool disk_full = false;
};

class Store {
 public:
  static std::span<const meta::Migration> Migrations();
  // Recovers: journaled bytes back into files, unfinished files removed, garbage dropped. All
  // references must outlive it.
  static Result<std::unique_ptr<Store>> Open(StoreOptions options, meta::Database& database,
                                             events::Outbox& outbox, Clock& clock, Random& random);
  virtual ~Store() = default;

  // --- Buckets
  virtual Result<Bucket> CreateBucket(const std::string& name, BucketSettings settings) = 0;
  virtual Result<Bucket> GetBucket(const std::string& name,
                                   const Preconditions& conditions = {}) = 0;
  virtual Result<BucketPage> ListBuckets(const std::string& prefix, const std::string& page_token,
                                         int max_results) = 0;
  // `change` edits a copy in the transaction; metageneration and `updated` are set by the store.
  virtual Result<Bucket> UpdateBucket(
      const std::string& name, const Preconditions& conditions,
      const std::function<Result<void>(BucketSettings&)>& change) = 0;
  virtual Result<Bucket> LockRetention(const std::string& name, int64_t metageneration_match) = 0;
  virtual Result<void> DeleteBucket(const std::string& name,
                                    const Preconditions& conditions = {}) = 0;

  // --- Reading: none of these waits for a sync.
  virtual Result<Object> Stat(const ObjectRef& ref, const Preconditions& conditions = {},
                              bool soft_deleted = false) = 0;
  virtual Result<OpenedObject> Open(const ObjectRef& ref, const Preconditions& conditions = {}) = 0;
  // For who wants the bytes rather than a file: small ones that are read often come from memory.
  virtual Result<ObjectContent> Read(const ObjectRef& ref,
                                     const Preconditions& conditions = {}) = 0;
  virtual Result<ListPage> List(const ListQuery& query) = 0;
  virtual ReadGuard Guard() = 0;

  // --- Writing
  virtual Result<std::unique_ptr<Writer>> Write(WriteRequest request) = 0;
  virtual Result<Object> Put(WriteRequest request, std::string_view bytes) = 0;
  // Makes every file an object, in ONE transaction that `also` (if given) joins: all of them, their
  // events and what `also` wrote are durable when it returns ok; after an error, or a death at any
  // moment before the commit, no reader ever sees any of it. Each request's preconditions and
  // checksums are checked as in Write; two requests of one name are kInvalid. A file of its own
  // (one name, same file system, over journaled_bytes_max) is moved into the store, others are
  // copied. Whatever the outcome, some paths may be gone afterwards; what is left there is the
  // caller's to remove. With no files: a transaction of `also` alone.
  virtual Result<std::vector<Object>> PublishAll(std::vector<FileToPublish> files,
                                                 const JoinPublication& also = {}) = 0;
  virtual Result<Object> Update(const ObjectRef& ref, const Preconditions& conditions,
                                const std::function<Result<void>(ObjectMetadata&)>& change,
                                bool override_unlocked_retention = false) = 0;
  virtual Result<void> Delete(const ObjectRef& ref, const Preconditions& conditions = {}) = 0;
  // Deletes up to 500 objects (kLimit) in ONE transaction, with their events, and gives back how
  // many: those that aren't there, or are held back (holds, retention), are passed over.
  virtual Result<int64_t> DeleteAll(const std::vector<ObjectRef>& refs) = 0;
  virtual Result<Object> Compose(const ComposeRequest& request) = 0;
  // Shares the bytes: its cost doesn't depend on the size.
  virtual Result<Object> Copy(const CopyRequest& request) = 0;
  virtual Result<Object> Restore(const ObjectRef& soft_deleted,
                                 const Preconditions& conditions = {}) = 0;

  // --- Resumable uploads
  virtual Result<UploadStatus> StartUpload(
      WriteRequest request) = 0;  // fails early on preconditions and names
  virtual Result<UploadStatus> StatUpload(const std::string& id) = 0;
  virtual Result<std::unique_ptr<ChunkWriter>> ContinueUpload(const std::string& id,
                                                              const ChunkRange& range) = 0;
  virtual Result<void> CancelUpload(const std::string& id) = 0;

  // --- XML multipart uploads
  virtual Result<std::string> StartMultipart(WriteRequest request) = 0;
  virtual Result<std::unique_ptr<Writer>> WritePart(const std::string& bucket,
                                                    const std::string& name, const std::string& id,
                                                    int number) = 0;
  virtual Result<std::vector<Part>> ListParts(const std::string& bucket, const std::string& name,
                                              const std::string& id, int after, int max) = 0;
  virtual Result<std::vector<MultipartInfo>> ListMultiparts(const std::string& bucket,
                                                            const std::string& prefix, int max) = 0;
  // `parts`: number and MD5 (where the client sent one), in order.
  virtual Result<Object> CompleteMultipart(
      const std::string& bucket, const std::string& name, const std::string& id,
      const std::vector<std::pair<int, std::optional<Md5Digest>>>& parts) = 0;
  virtual Result<void> AbortMultipart(const std::string& bucket, const std::string& name,
                                      const std::string& id) = 0;

  // --- Upkeep
  virtual StoreStats Stats() = 0;
  // Lifecycle, soft-delete expiry, garbage, expired uploads: now, not at the next interval. For
  // tests and the CLI.
  virtual Result<void> Maintain() = 0;
  // Applies options that may change live: disk reserve, intervals, public URL.
  virtual void Reload(const StoreOptions& options) = 0;
};

}  // namespace caudal::objects
