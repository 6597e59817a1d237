#include "objects/publish.h"

#include <fmt/format.h>

#include "base/failpoint.h"
#include "data/timestamp.h"
#include "objects/resource.h"

namespace caudal::objects {
namespace {

constexpr Micros kSecond = 1'000'000;

Result<void> CheckMatch(std::string_view what, int64_t current, std::optional<int64_t> match,
                        std::optional<int64_t> not_match, bool reading) {
  if (match && *match != current)
    return MakeError(ErrorKind::kPrecondition,
                     fmt::format("{} is {}, not {} as the condition says", what, current, *match),
                     "condition_not_met");
  if (not_match && *not_match == current)
    return MakeError(ErrorKind::kPrecondition,
                     fmt::format("{} is {}, which the condition excludes", what, current),
                     reading ? "not_modified" : "condition_not_met");
  return {};
}

// Whether the object may go (be deleted, or replaced where it doesn't become noncurrent).
Result<void> CheckRemovable(const Core& core, const Object& o) {
  if (o.metadata.event_based_hold || o.metadata.temporary_hold)
    return MakeError(
        ErrorKind::kConflict,
        fmt::format(
            "Object '{}/{}' is under {} hold and can't be deleted or overwritten; release the hold "
            "first.",
            o.bucket, o.name, o.metadata.temporary_hold ? "a temporary" : "an event-based"),
        "object.held");
  Micros until = o.retention_expires.value_or(0);
  if (o.metadata.retention) until = std::max(until, o.metadata.retention->until);
  if (until > core.clock.Now())
    return MakeError(
        ErrorKind::kConflict,
        fmt::format(
            "Object '{}/{}' is subject to retention and can't be deleted or overwritten until {}.",
            o.bucket, o.name, FormatRfc3339(until)),
        "object.retained");
  return {};
}

events::Event EventOf(const Core& core, const Object& o, events::EventType type, Micros now) {
  events::Event event;
  event.type = type;
  event.bucket = o.bucket;
  event.object = o.name;
  event.generation = o.generation;
  event.metageneration = o.metageneration;
  event.time = now;
  AppendObjectResource(event.resource, o, core.options()->public_url);
  return event;
}

// The live row stops being live: noncurrent, soft-deleted, or gone. `replaced_by`: the generation
// that takes its place.
Result<void> Retire(Core& core, meta::Tx& tx, const Bucket& bucket, Object old,
                    std::optional<int64_t> replaced_by, Micros now) {
  if (!bucket.settings.versioning) TRY(CheckRemovable(core, old));
  TRY(RemoveObject(tx, core.hot, Table::kLive, bucket.id, old));
  events::Event event = EventOf(
      core, old,
      bucket.settings.versioning ? events::EventType::kArchived : events::EventType::kDeleted, now);
  event.overwritten_by_generation = replaced_by;
  if (bucket.settings.versioning) {
    old.noncurrent_since = now;
    TRY(InsertObject(tx, core.hot, Table::kOld, bucket.id, old));
  } else if (bucket.settings.soft_delete_seconds > 0) {
    old.soft_deleted = now;
    old.hard_delete = now + bucket.settings.soft_delete_seconds * kSecond;
    TRY(InsertObject(tx, core.hot, Table::kOld, bucket.id, old));
  } else {
    TRY(ReleaseBlob(tx, old.blob));
  }
  return core.outbox.Append(tx, std::move(event));
}

}  // namespace

Result<void> CheckConditions(const Preconditions& conditions, const Object* current, bool reading) {
  if (conditions.empty()) return {};
  TRY(CheckMatch("the object's generation", current != nullptr ? current->generation : 0,
                 conditions.generation_match, conditions.generation_not_match, reading));
  if (current == nullptr && conditions.metageneration_match)
    return MakeError(ErrorKind::kPrecondition,
                     "there is no such object, so it has no metageneration", "condition_not_met");
  if (current == nullptr) return {};
  return CheckMatch("the object's metageneration", current->metageneration,
                    conditions.metageneration_match, conditions.metageneration_not_match, reading);
}

Result<void> CheckConditions(const Preconditions& conditions, const Bucket& bucket, bool reading) {
  return CheckMatch("the bucket's metageneration", bucket.metageneration,
                    conditions.metageneration_match, conditions.metageneration_not_match, reading);
}

Result<std::optional<Located>> Locate(meta::Connection& connection, const Bucket& bucket,
                                      const ObjectRef& ref) {
  std::optional<Object> live = TRY(FindLive(connection, bucket, ref.name));
  if (live && (!ref.generation || *ref.generation == live->generation))
    return std::optional<Located>(Located{std::move(*live), Table::kLive});
  if (!ref.generation) return std::optional<Located>();
  std::optional<Object> old = TRY(FindOld(connection, bucket, ref.name, *ref.generation));
  if (!old || old->soft_deleted) return std::optional<Located>();
  return std::optional<Located>(Located{std::move(*old), Table::kOld});
}

Result<Object> Publish(Core& core, meta::Tx& tx, const WriteRequest& request,
                       const Prepared& prepared) {
  std::shared_ptr<const Bucket> bucket = TRY(core.buckets.Find(tx, request.bucket));
  std::optional<Object> before = TRY(FindLive(tx, *bucket, request.name));
  TRY(CheckConditions(request.preconditions, before ? &*before : nullptr, false));

  Object o;
  o.bucket = request.bucket;
  o.name = request.name;
  o.generation = TRY(core.generations.Next(tx));
  const Micros now = o.generation;
  o.size = prepared.size;
  o.crc32c = prepared.crc32c;
  o.md5 = prepared.md5;
  o.component_count = prepared.component_count;
  o.created = o.updated = o.storage_class_updated = now;
  o.blob = prepared.blob;
  o.metadata = request.metadata;
  if (o.metadata.storage_class.empty()) o.metadata.storage_class = bucket->settings.storage_class;
  if (bucket->settings.default_event_based_hold) o.metadata.event_based_hold = true;
  if (!o.metadata.event_based_hold) o.retention_from = now;
  o.retention_expires = RetentionEnd(*bucket, o);

  events::Event event = EventOf(core, o, events::EventType::kFinalized, now);
  if (before) {
    event.overwrote_generation = before->generation;
    TRY(Retire(core, tx, *bucket, std::move(*before), o.generation, now));
  }
  TRY(InsertObject(tx, core.hot, Table::kLive, bucket->id, o));
  FAILPOINT("objects.publish");
  TRY(core.outbox.Append(tx, std::move(event)));
  return o;
}

Result<void> DeleteRow(Core& core, meta::Tx& tx, const Bucket& bucket, Table table,
                       const Object& object, bool soft) {
  TRY(CheckRemovable(core, object));
  const Micros now = core.clock.Now();
  TRY(RemoveObject(tx, core.hot, table, bucket.id, object));
  if (soft && bucket.settings.soft_delete_seconds > 0) {
    Object kept = object;
    kept.soft_deleted = now;
    kept.hard_delete = now + bucket.settings.soft_delete_seconds * kSecond;
    TRY(InsertObject(tx, core.hot, Table::kOld, bucket.id, kept));
  } else {
    TRY(ReleaseBlob(tx, object.blob));
  }
  return core.outbox.Append(tx, EventOf(core, object, events::EventType::kDeleted, now));
}

Result<void> Delete(Core& core, meta::Tx& tx, const ObjectRef& ref,
                    const Preconditions& conditions) {
  std::shared_ptr<const Bucket> bucket = TRY(core.buckets.Find(tx, ref.bucket));
  std::optional<Located> found = TRY(Locate(tx, *bucket, ref));
  if (!found) return ObjectNotFound(ref.bucket, ref.name);
  TRY(CheckConditions(conditions, &found->object, false));
  // Without a generation, versioning turns a delete into archiving.
  if (!ref.generation)
    return Retire(core, tx, *bucket, std::move(found->object), std::nullopt, core.clock.Now());
  return DeleteRow(core, tx, *bucket, found->table, found->object, true);
}

Result<Object> UpdateMetadata(Core& core, meta::Tx& tx, const ObjectRef& ref,
                              const Preconditions& conditions,
                              const std::function<Result<void>(ObjectMetadata&)>& change,
                              bool override_unlocked_retention) {
  std::shared_ptr<const Bucket> bucket = TRY(core.buckets.Find(tx, ref.bucket));
  std::optional<Located> found = TRY(Locate(tx, *bucket, ref));
  if (!found) return ObjectNotFound(ref.bucket, ref.name);
  Object& o = found->object;
  TRY(CheckConditions(conditions, &o, false));
  const ObjectMetadata before = o.metadata;
  const Micros now = core.clock.Now();
  TRY(change(o.metadata));
  if (o.metadata.storage_class.empty()) o.metadata.storage_class = before.storage_class;
  if (o.metadata.storage_class != before.storage_class) o.storage_class_updated = now;

  if (before.retention) {
    const bool weaker = !o.metadata.retention ||
                        o.metadata.retention->until < before.retention->until ||
                        (before.retention->locked && !o.metadata.retention->locked);
    if (weaker && (before.retention->locked || !override_unlocked_retention))
      return MakeError(
          ErrorKind::kConflict,
          fmt::format("The retention of object '{}/{}' can't be shortened or removed{}.", o.bucket,
                      o.name,
                      before.retention->locked ? ": it is locked"
                                               : " without overrideUnlockedRetention=true"),
          "object.retained");
  } else if (o.metadata.retention && !bucket->settings.object_retention) {
    return MakeError(
        ErrorKind::kInvalid,
        fmt::format("bucket '{}' doesn't have object retention enabled; create it with "
                    "enableObjectRetention=true",
                    o.bucket),
        "object.retention");
  }
  if (o.metadata.retention && o.metadata.retention->until <= now &&
      (!before.retention || before.retention->until != o.metadata.retention->until))
    return MakeError(ErrorKind::kInvalid, "retention.retainUntilTime must lie in the future",
                     "object.retention");
  // The bucket's retention counts from the release of an event-based hold.
  if (before.event_based_hold && !o.metadata.event_based_hold) o.retention_from = now;
  if (o.metadata.event_based_hold) o.retention_from.reset();
  o.retention_expires = RetentionEnd(*bucket, o);
  ++o.metageneration;
  o.updated = now;
  TRY(RewriteObject(tx, core.hot, found->table, bucket->id, o));
  TRY(core.outbox.Append(tx, EventOf(core, o, events::EventType::kMetadataUpdated, now)));
  return std::move(o);
}

Result<void> ShareBlob(meta::Tx& tx, int64_t blob) {
  TRY(
      tx.Run("INSERT INTO shared_blobs(blob, extra) VALUES(?, 1) "
             "ON CONFLICT(blob) DO UPDATE SET extra = extra + 1",
             blob));
  return {};
}

Result<void> ReleaseBlob(meta::Tx& tx, int64_t blob) {
  std::optional<int64_t> extra;
  {
    meta::Statement row = TRY(tx.Prepare("SELECT extra FROM shared_blobs WHERE blob = ?"));
    row.Bind(1, blob);
    if (TRY(row.Step())) extra = row.Int(0);
  }
  if (extra && *extra > 1) {
    TRY(tx.Run("UPDATE shared_blobs SET extra = extra - 1 WHERE blob = ?", blob));
    return {};
  }
  if (extra) {
    TRY(tx.Run("DELETE FROM shared_blobs WHERE blob = ?", blob));
    return {};
  }
  TRY(tx.Run("DELETE FROM journal WHERE blob = ?", blob));
  TRY(tx.Run("INSERT INTO garbage(blob) VALUES(?)", blob));
  return {};
}

}  // namespace caudal::objects
