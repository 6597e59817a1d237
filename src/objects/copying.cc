#include "objects/copying.h"

#include <fmt/format.h>

#include "objects/joining.h"
#include "objects/names.h"
#include "objects/publish.h"
#include "objects/writing.h"

namespace caudal::objects {
namespace {

constexpr size_t kComposeMax = 32;

Result<std::vector<Object>> FindSources(Core& core, const ComposeRequest& request) {
  meta::ReadTx read = TRY(core.database.Read());
  std::shared_ptr<const Bucket> bucket = TRY(core.buckets.Find(read, request.destination.bucket));
  std::vector<Object> sources;
  for (const ComposeSource& source : request.sources) {
    std::optional<Located> found =
        TRY(Locate(read, *bucket, {bucket->name, source.name, source.generation}));
    if (!found) return ObjectNotFound(bucket->name, source.name);
    Preconditions conditions;
    conditions.generation_match = source.generation_match;
    TRY(CheckConditions(conditions, &found->object, false));
    sources.push_back(std::move(found->object));
  }
  return sources;
}

}  // namespace

Result<Object> Compose(Core& core, const ComposeRequest& request) {
  if (request.sources.empty() || request.sources.size() > kComposeMax)
    return MakeError(ErrorKind::kInvalid,
                     fmt::format("compose takes 1 to {} source objects, not {}", kComposeMax,
                                 request.sources.size()),
                     "compose.sources");
  TRY(CheckEarly(core, request.destination));
  const ReadGuard guard = core.guards.Take();
  const std::vector<Object> sources = TRY(FindSources(core, request));
  std::vector<Piece> pieces;
  int32_t components = 0;
  for (const Object& source : sources) {
    pieces.push_back({source.blob, source.size, source.crc32c});
    components += std::max(source.component_count, 1);
  }
  Prepared joined = TRY(JoinPieces(core, pieces));
  joined.component_count = components;
  WriteRequest destination = request.destination;
  if (destination.metadata.content_type.empty())
    destination.metadata.content_type = sources.front().metadata.content_type;
  Result<Object> object = core.database.Write([&](meta::Tx& tx) -> Result<Object> {
    TRY(CheckExpected(destination, joined.size, joined.crc32c, std::nullopt));
    tx.SyncDirBeforeCommit(core.blobs.DirOf(joined.blob));
    Object composed = TRY(Publish(core, tx, destination, joined));
    if (request.delete_sources) {
      for (const Object& source : sources) {
        if (source.name == destination.name) continue;  // replaced already
        Preconditions same;
        same.generation_match = source.generation;
        TRY(Delete(core, tx, {source.bucket, source.name, std::nullopt}, same));
      }
    }
    return composed;
  });
  if (object.ok()) {
    core.blobs.Settle(joined.blob);
  } else {
    core.blobs.Abandon(joined.blob);
  }
  return object;
}

Result<Object> Copy(Core& core, const CopyRequest& request) {
  TRY(CheckObjectName(request.destination.name));
  TRY(core.AdmitBytes(0));
  if (request.remove_source && request.source.bucket == request.destination.bucket &&
      request.source.name == request.destination.name)
    return MakeError(ErrorKind::kInvalid, "an object can't be moved onto itself", "move.same");
  return core.database.Write([&](meta::Tx& tx) -> Result<Object> {
    std::shared_ptr<const Bucket> bucket = TRY(core.buckets.Find(tx, request.source.bucket));
    std::optional<Located> found = TRY(Locate(tx, *bucket, request.source));
    if (!found) return ObjectNotFound(request.source.bucket, request.source.name);
    const Object& source = found->object;
    TRY(CheckConditions(request.source_preconditions, &source, false));
    WriteRequest destination = request.destination;
    if (request.keep_metadata) {
      destination.metadata = source.metadata;
      // Holds and retention belong to the object, not to its copies; a given storage class wins.
      destination.metadata.event_based_hold = false;
      destination.metadata.temporary_hold = false;
      destination.metadata.retention.reset();
      destination.metadata.storage_class = request.destination.metadata.storage_class;
    }
    TRY(CheckExpected(destination, source.size, source.crc32c, source.md5));
    TRY(ShareBlob(tx, source.blob));
    Object copy =
        TRY(Publish(core, tx, destination,
                    {source.blob, source.size, source.crc32c, source.md5, source.component_count}));
    if (request.remove_source) {
      Preconditions same;
      same.generation_match = source.generation;
      TRY(Delete(core, tx, {source.bucket, source.name, std::nullopt}, same));
    }
    return copy;
  });
}

Result<Object> Restore(Core& core, const ObjectRef& ref, const Preconditions& conditions) {
  if (!ref.generation)
    return MakeError(ErrorKind::kInvalid, "restore needs the generation of a soft-deleted object",
                     "generation.required");
  TRY(core.AdmitBytes(0));
  return core.database.Write([&](meta::Tx& tx) -> Result<Object> {
    std::shared_ptr<const Bucket> bucket = TRY(core.buckets.Find(tx, ref.bucket));
    std::optional<Object> old = TRY(FindOld(tx, *bucket, ref.name, *ref.generation));
    if (!old || !old->soft_deleted) return ObjectNotFound(ref.bucket, ref.name);
    WriteRequest request;
    request.bucket = ref.bucket;
    request.name = ref.name;
    request.metadata = old->metadata;
    request.preconditions = conditions;
    // The blob's reference passes from the old row to the restored one.
    TRY(RemoveObject(tx, core.hot, Table::kOld, bucket->id, *old));
    return Publish(core, tx, request,
                   {old->blob, old->size, old->crc32c, old->md5, old->component_count});
  });
}

}  // namespace caudal::objects
