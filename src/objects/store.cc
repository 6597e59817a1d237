#include "objects/store.h"

#include <fmt/format.h>

#include "base/log.h"
#include "objects/buckets.h"
#include "objects/copying.h"
#include "objects/core.h"
#include "objects/listing.h"
#include "objects/multipart.h"
#include "objects/publish.h"
#include "objects/publish_all.h"
#include "objects/recovery.h"
#include "objects/upkeep.h"
#include "objects/uploads.h"
#include "objects/writing.h"

namespace caudal::objects {
namespace {

// The parts behind the interface; each does one kind of thing.
class StoreOfParts final : public Store {
 public:
  StoreOfParts(StoreOptions options, meta::Database& database, events::Outbox& outbox, Clock& clock,
               Random& random)
      : core_(std::move(options), database, outbox, clock, random),
        uploads_(core_),
        multiparts_(core_),
        upkeep_(core_, uploads_, multiparts_) {}

  ~StoreOfParts() override {
    upkeep_.Stop();
    if (!recovered_) return;
    // A clean stop leaves nothing to recover; should this fail, recovery does it.
    const Result<void> settled =
        core_.database.Write([&](meta::Tx& tx) { return core_.generations.PersistExact(tx); });
    if (!settled.ok() || !core_.blobs.PersistFloor().ok())
      LogWarning("the store's counters weren't saved at stop; the next start recovers them");
  }

  Result<void> Start() {
    TRY(Recover(core_));
    recovered_ = true;
    upkeep_.Start();
    return {};
  }

  Result<Bucket> CreateBucket(const std::string& name, BucketSettings settings) override {
    return objects::CreateBucket(core_, name, std::move(settings));
  }
  Result<Bucket> GetBucket(const std::string& name, const Preconditions& conditions) override {
    meta::ReadTx read = TRY(core_.database.Read());
    std::shared_ptr<const Bucket> bucket = TRY(core_.buckets.Find(read, name));
    TRY(CheckConditions(conditions, *bucket, true));
    return *bucket;
  }
  Result<BucketPage> ListBuckets(const std::string& prefix, const std::string& page_token,
                                 int max_results) override {
    return objects::ListBuckets(core_, prefix, page_token, max_results);
  }
  Result<Bucket> UpdateBucket(const std::string& name, const Preconditions& conditions,
                              const std::function<Result<void>(BucketSettings&)>& change) override {
    return objects::UpdateBucket(core_, name, conditions, change);
  }
  Result<Bucket> LockRetention(const std::string& name, int64_t metageneration_match) override {
    return objects::LockRetention(core_, name, metageneration_match);
  }
  Result<void> DeleteBucket(const std::string& name, const Preconditions& conditions) override {
    return objects::DeleteBucket(core_, name, conditions);
  }

  Result<Object> Stat(const ObjectRef& ref, const Preconditions& conditions,
                      bool soft_deleted) override {
    if (HotObjects::EntryPtr hot = soft_deleted ? nullptr : FindHot(ref)) {
      TRY(CheckConditions(conditions, &hot->object, true));
      return hot->object;
    }
    meta::ReadTx read = TRY(core_.database.Read());
    return Find(read, ref, conditions, soft_deleted);
  }
  Result<OpenedObject> Open(const ObjectRef& ref, const Preconditions& conditions) override {
    OpenedObject opened;
    opened.guard = core_.guards.Take();  // before the row is read, so that the file stays
    {
      meta::ReadTx read = TRY(core_.database.Read());
      opened.object = TRY(Find(read, ref, conditions, false));
    }
    opened.path = core_.blobs.PathOf(opened.object.blob);
    opened.file = std::make_shared<os::File>(TRY(core_.blobs.Open(opened.object.blob)));
    return opened;
  }
  Result<ObjectContent> Read(const ObjectRef& ref, const Preconditions& conditions) override {
    if (HotObjects::EntryPtr hot = FindHot(ref)) {
      TRY(CheckConditions(conditions, &hot->object, true));
      return ObjectContent{hot->object, {hot, &hot->bytes}, nullptr, nullptr};
    }
    const HotObjects::Ticket ticket = core_.hot.Begin(ref.bucket, ref.name);
    OpenedObject opened = TRY(Open(ref, conditions));
    if (ref.generation || !core_.hot.Fits(opened.object))
      return ObjectContent{std::move(opened.object), nullptr, std::move(opened.file),
                           std::move(opened.guard)};
    auto entry = std::make_shared<HotObjects::Entry>();
    entry->bytes.resize(opened.object.size);
    const size_t n = TRY(opened.file->ReadAt(0, entry->bytes.data(), entry->bytes.size()));
    if (n != entry->bytes.size())
      return MakeError(ErrorKind::kCorrupt,
                       fmt::format("{} is shorter than recorded: run caudal fsck", opened.path));
    entry->object = opened.object;
    core_.hot.Keep(ticket, entry);
    return ObjectContent{std::move(opened.object), {entry, &entry->bytes}, nullptr, nullptr};
  }
  Result<ListPage> List(const ListQuery& query) override { return ListObjects(core_, query); }
  ReadGuard Guard() override { return core_.guards.Take(); }

  Result<std::unique_ptr<Writer>> Write(WriteRequest request) override {
    return StartWriter(core_, std::move(request));
  }
  Result<Object> Put(WriteRequest request, std::string_view bytes) override {
    return PutWhole(core_, std::move(request), bytes);
  }
  Result<std::vector<Object>> PublishAll(std::vector<FileToPublish> files,
                                         const JoinPublication& also) override {
    return PublishFiles(core_, files, also);
  }
  Result<Object> Update(const ObjectRef& ref, const Preconditions& conditions,
                        const std::function<Result<void>(ObjectMetadata&)>& change,
                        bool override_unlocked_retention) override {
    return core_.database.Write([&](meta::Tx& tx) {
      return UpdateMetadata(core_, tx, ref, conditions, change, override_unlocked_retention);
    });
  }
  Result<void> Delete(const ObjectRef& ref, const Preconditions& conditions) override {
    return core_.database.Write(
        [&](meta::Tx& tx) { return objects::Delete(core_, tx, ref, conditions); });
  }
  Result<int64_t> DeleteAll(const std::vector<ObjectRef>& refs) override {
    return objects::DeleteAll(core_, refs);
  }
  Result<Object> Compose(const ComposeRequest& request) override {
    return objects::Compose(core_, request);
  }
  Result<Object> Copy(const CopyRequest& request) override { return objects::Copy(core_, request); }
  Result<Object> Restore(const ObjectRef& soft_deleted, const Preconditions& conditions) override {
    return objects::Restore(core_, soft_deleted, conditions);
  }

  Result<UploadStatus> StartUpload(WriteRequest request) override {
    return uploads_.Start(std::move(request));
  }
  Result<UploadStatus> StatUpload(const std::string& id) override { return uploads_.Stat(id); }
  Result<std::unique_ptr<ChunkWriter>> ContinueUpload(const std::string& id,
                                                      const ChunkRange& range) override {
    return uploads_.Continue(id, range);
  }
  Result<void> CancelUpload(const std::string& id) override { return uploads_.Cancel(id); }

  Result<std::string> StartMultipart(WriteRequest request) override {
    return multiparts_.Start(std::move(request));
  }
  Result<std::unique_ptr<Writer>> WritePart(const std::string& bucket, const std::string& name,
                                            const std::string& id, int number) override {
    return multiparts_.WritePart(bucket, name, id, number);
  }
  Result<std::vector<Part>> ListParts(const std::string& bucket, const std::string& name,
                                      const std::string& id, int after, int max) override {
    return multiparts_.ListParts(bucket, name, id, after, max);
  }
  Result<std::vector<MultipartInfo>> ListMultiparts(const std::string& bucket,
                                                    const std::string& prefix, int max) override {
    return multiparts_.List(bucket, prefix, max);
  }
  Result<Object> CompleteMultipart(
      const std::string& bucket, const std::string& name, const std::string& id,
      const std::vector<std::pair<int, std::optional<Md5Digest>>>& parts) override {
    return multiparts_.Complete(bucket, name, id, parts);
  }
  Result<void> AbortMultipart(const std::string& bucket, const std::string& name,
                              const std::string& id) override {
    return multiparts_.Abort(bucket, name, id);
  }

  StoreStats Stats() override;
  Result<void> Maintain() override { return upkeep_.RunAll(); }
  void Reload(const StoreOptions& options) override {
    StoreOptions next = options;
    next.folder = core_.options()->folder;
    core_.SetOptions(std::move(next));
  }

 private:
  Result<StoreStats> Count();
  HotObjects::EntryPtr FindHot(const ObjectRef& ref) {
    HotObjects::EntryPtr hot = core_.hot.Find(ref.bucket, ref.name);
    if (hot && ref.generation && *ref.generation != hot->object.generation) return nullptr;
    return hot;
  }
  Result<Object> Find(meta::Connection& connection, const ObjectRef& ref,
                      const Preconditions& conditions, bool soft_deleted) {
    std::shared_ptr<const Bucket> bucket = TRY(core_.buckets.Find(connection, ref.bucket));
    std::optional<Object> object;
    if (soft_deleted) {
      if (!ref.generation)
        return MakeError(ErrorKind::kInvalid, "a soft-deleted object needs its generation",
                         "generation.required");
      object = TRY(FindOld(connection, *bucket, ref.name, *ref.generation));
      if (object && !object->soft_deleted) object.reset();
    } else if (std::optional<Located> found = TRY(Locate(connection, *bucket, ref))) {
      object = std::move(found->object);
    }
    if (!object) return ObjectNotFound(ref.bucket, ref.name);
    TRY(CheckConditions(conditions, &*object, true));
    return std::move(*object);
  }

  Core core_;
  ResumableUploads uploads_;
  MultipartUploads multiparts_;
  Upkeep upkeep_;
  bool recovered_ = false;

  Mutex stats_mutex_;
  StoreStats stats_ GUARDED_BY(stats_mutex_);
  std::chrono::steady_clock::time_point stats_until_ GUARDED_BY(stats_mutex_);
};

// Counting reads every row: asked for at most once in ten seconds.
StoreStats StoreOfParts::Stats() {
  MutexLock lock(stats_mutex_);
  const auto now = std::chrono::steady_clock::now();
  if (now >= stats_until_) {
    Result<StoreStats> counted = Count();
    if (counted.ok()) {
      stats_ = *counted;
    } else {
      LogWarning("objects couldn't be counted", {{"error", counted.error().message}});
    }
    stats_until_ = now + std::chrono::seconds(10);
  }
  stats_.journal_bytes = core_.journal_bytes;
  stats_.disk_full = core_.space.full();
  return stats_;
}

Result<StoreStats> StoreOfParts::Count() {
  meta::ReadTx read = TRY(core_.database.Read());
  meta::Statement row = TRY(read.Prepare(
      "SELECT (SELECT count(*) FROM buckets), (SELECT count(*) FROM live_objects), "
      "(SELECT coalesce(sum(size), 0) FROM live_objects), "
      "(SELECT count(*) FROM uploads WHERE generation IS NULL), (SELECT count(*) FROM garbage)"));
  TRY(row.Step());
  StoreStats stats;
  stats.buckets = row.Int(0);
  stats.objects = row.Int(1);
  stats.bytes = static_cast<uint64_t>(row.Int(2));
  stats.uploads_open = row.Int(3);
  stats.garbage = row.Int(4);
  return stats;
}

}  // namespace

Result<std::unique_ptr<Store>> Store::Open(StoreOptions options, meta::Database& database,
                                           events::Outbox& outbox, Clock& clock, Random& random) {
  auto store = std::make_unique<StoreOfParts>(std::move(options), database, outbox, clock, random);
  TRY(store->Start());
  return std::unique_ptr<Store>(std::move(store));
}

}  // namespace caudal::objects
