#include "objects/confined_store.h"

#include <algorithm>
#include <utility>

namespace caudal::objects {
namespace {

class Confined final : public Store {
 public:
  Confined(Store& store, std::vector<std::string> places)
      : store_(store), places_(std::move(places)) {}

  Result<Bucket> CreateBucket(const std::string&, BucketSettings) override { return Denied(); }
  Result<Bucket> GetBucket(const std::string& name, const Preconditions& conditions) override {
    const bool known = std::ranges::any_of(
        places_, [&](const std::string& place) { return place.starts_with(name + "/"); });
    if (!known) return Denied();
    return store_.GetBucket(name, conditions);
  }
  Result<BucketPage> ListBuckets(const std::string&, const std::string&, int) override {
    return Denied();
  }
  Result<Bucket> UpdateBucket(const std::string&, const Preconditions&,
                              const std::function<Result<void>(BucketSettings&)>&) override {
    return Denied();
  }
  Result<Bucket> LockRetention(const std::string&, int64_t) override { return Denied(); }
  Result<void> DeleteBucket(const std::string&, const Preconditions&) override { return Denied(); }

  Result<Object> Stat(const ObjectRef& ref, const Preconditions& conditions,
                      bool soft_deleted) override {
    TRY(Check(ref));
    return store_.Stat(ref, conditions, soft_deleted);
  }
  Result<OpenedObject> Open(const ObjectRef& ref, const Preconditions& conditions) override {
    TRY(Check(ref));
    return store_.Open(ref, conditions);
  }
  Result<ObjectContent> Read(const ObjectRef& ref, const Preconditions& conditions) override {
    TRY(Check(ref));
    return store_.Read(ref, conditions);
  }
  Result<ListPage> List(const ListQuery& query) override {
    // Some clients name a folder without its slash: objects of "t2/" aren't those of "t".
    ListQuery within = query;
    if (query.delimiter.empty() && IsPlace(query.bucket + "/" + query.prefix + "/"))
      within.prefix += "/";
    TRY(Check(within.bucket, within.prefix));
    return store_.List(within);
  }
  ReadGuard Guard() override { return store_.Guard(); }

  Result<std::unique_ptr<Writer>> Write(WriteRequest request) override {
    TRY(Check(request));
    return store_.Write(std::move(request));
  }
  Result<Object> Put(WriteRequest request, std::string_view bytes) override {
    TRY(Check(request));
    return store_.Put(std::move(request), bytes);
  }
  Result<std::vector<Object>> PublishAll(std::vector<FileToPublish> files,
                                         const JoinPublication& also) override {
    for (const FileToPublish& file : files) TRY(Check(file.request));
    return store_.PublishAll(std::move(files), also);
  }
  Result<Object> Update(const ObjectRef& ref, const Preconditions& conditions,
                        const std::function<Result<void>(ObjectMetadata&)>& change,
                        bool override_unlocked_retention) override {
    TRY(Check(ref));
    return store_.Update(ref, conditions, change, override_unlocked_retention);
  }
  Result<void> Delete(const ObjectRef& ref, const Preconditions& conditions) override {
    TRY(Check(ref));
    return store_.Delete(ref, conditions);
  }
  Result<int64_t> DeleteAll(const std::vector<ObjectRef>& refs) override {
    for (const ObjectRef& ref : refs) TRY(Check(ref));
    return store_.DeleteAll(refs);
  }
  Result<Object> Compose(const ComposeRequest& request) override {
    TRY(Check(request.destination));
    for (const ComposeSource& source : request.sources)
      TRY(Check(request.destination.bucket, source.name));
    return store_.Compose(request);
  }
  Result<Object> Copy(const CopyRequest& request) override {
    TRY(Check(request.source));
    TRY(Check(request.destination));
    return store_.Copy(request);
  }
  Result<Object> Restore(const ObjectRef& soft_deleted, const Preconditions& conditions) override {
    TRY(Check(soft_deleted));
    return store_.Restore(soft_deleted, conditions);
  }

  Result<UploadStatus> StartUpload(WriteRequest request) override {
    TRY(Check(request));
    return store_.StartUpload(std::move(request));
  }
  Result<UploadStatus> StatUpload(const std::string& id) override { return store_.StatUpload(id); }
  Result<std::unique_ptr<ChunkWriter>> ContinueUpload(const std::string& id,
                                                      const ChunkRange& range) override {
    return store_.ContinueUpload(id, range);
  }
  Result<void> CancelUpload(const std::string& id) override { return store_.CancelUpload(id); }

  Result<std::string> StartMultipart(WriteRequest request) override {
    TRY(Check(request));
    return store_.StartMultipart(std::move(request));
  }
  Result<std::unique_ptr<Writer>> WritePart(const std::string& bucket, const std::string& name,
                                            const std::string& id, int number) override {
    TRY(Check(bucket, name));
    return store_.WritePart(bucket, name, id, number);
  }
  Result<std::vector<Part>> ListParts(const std::string& bucket, const std::string& name,
                                      const std::string& id, int after, int max) override {
    TRY(Check(bucket, name));
    return store_.ListParts(bucket, name, id, after, max);
  }
  Result<std::vector<MultipartInfo>> ListMultiparts(const std::string& bucket,
                                                    const std::string& prefix, int max) override {
    TRY(Check(bucket, prefix));
    return store_.ListMultiparts(bucket, prefix, max);
  }
  Result<Object> CompleteMultipart(
      const std::string& bucket, const std::string& name, const std::string& id,
      const std::vector<std::pair<int, std::optional<Md5Digest>>>& parts) override {
    TRY(Check(bucket, name));
    return store_.CompleteMultipart(bucket, name, id, parts);
  }
  Result<void> AbortMultipart(const std::string& bucket, const std::string& name,
                              const std::string& id) override {
    TRY(Check(bucket, name));
    return store_.AbortMultipart(bucket, name, id);
  }

  StoreStats Stats() override { return {}; }
  Result<void> Maintain() override { return Denied(); }
  void Reload(const StoreOptions&) override {}

 private:
  static Error Denied() {
    return MakeError(ErrorKind::kDenied,
                     "this token is for the objects of one table, and this is none of them",
                     "object.confined");
  }
  Result<void> Check(const std::string& bucket, const std::string& name) const {
    const std::string full = bucket + "/" + name;
    for (const std::string& place : places_)
      if (full.starts_with(place)) return {};
    return Denied();
  }
  bool IsPlace(const std::string& text) const {
    return std::ranges::find(places_, text) != places_.end();
  }
  Result<void> Check(const ObjectRef& ref) const { return Check(ref.bucket, ref.name); }
  Result<void> Check(const WriteRequest& request) const {
    return Check(request.bucket, request.name);
  }

  Store& store_;
  const std::vector<std::string> places_;
};

}  // namespace

std::unique_ptr<Store> ConfinedStore(Store& store, std::vector<std::string> places) {
  return std::make_unique<Confined>(store, std::move(places));
}

}  // namespace caudal::objects
