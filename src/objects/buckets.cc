#include "objects/buckets.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/failpoint.h"
#include "data/digest.h"
#include "objects/encode.h"
#include "objects/names.h"
#include "objects/publish.h"

namespace caudal::objects {
namespace {

constexpr int kPageMax = 1000;
// Rows that one transaction drops with a bucket; the rest in further ones before it.
constexpr int kDropMax = 1000;

// The settings that begin to count at the moment they are made.
void StampPolicies(const BucketSettings& before, BucketSettings& after, Micros now) {
  if (after.soft_delete_seconds != before.soft_delete_seconds || !after.soft_delete_effective) {
    after.soft_delete_effective.reset();
    if (after.soft_delete_seconds > 0) after.soft_delete_effective = now;
  }
  if (after.retention_seconds != before.retention_seconds) {
    after.retention_effective.reset();
    if (after.retention_seconds) after.retention_effective = now;
  }
}

Result<void> CheckRetentionChange(const BucketSettings& before, const BucketSettings& after) {
  if (!before.retention_locked) return {};
  if (!after.retention_seconds || *after.retention_seconds < before.retention_seconds.value_or(0))
    return MakeError(ErrorKind::kDenied,
                     "The bucket's retention policy is locked: it can't be removed or shortened.",
                     "bucket.retention_locked");
  return {};
}

Result<void> StoreBucket(Core& core, meta::Tx& tx, const Bucket& b) {
  const int64_t version = TRY(core.generations.Next(tx));
  TRY(tx.Run(
      "UPDATE buckets SET updated = ?, metageneration = ?, version = ?, settings = ? WHERE id = ?",
      b.updated, b.metageneration, version, EncodeSettings(b.settings), b.id));
  core.hot.ChangeAll(tx);
  FAILPOINT("objects.bucket.stored");
  return {};
}

// Drops up to `max` soft-deleted objects of the bucket. Returns how many.
Result<int> DropSoftDeleted(Core& core, meta::Tx& tx, const Bucket& bucket, int max) {
  std::vector<Object> objects;
  {
    meta::Statement rows =
        TRY(tx.Prepare("SELECT " CAUDAL_OBJECT_COLUMNS
                       " FROM old_objects WHERE bucket = ? AND soft_deleted IS NOT NULL LIMIT ?"));
    rows.Bind(1, bucket.id);
    rows.Bind(2, max);
    while (TRY(rows.Step())) objects.push_back(TRY(ReadObject(rows, bucket)));
  }
  for (const Object& object : objects) {
    TRY(RemoveObject(tx, core.hot, Table::kOld, bucket.id, object));
    TRY(ReleaseBlob(tx, object.blob));
  }
  return static_cast<int>(objects.size());
}

Result<void> CheckEmpty(meta::Tx& tx, const Bucket& bucket) {
  meta::Statement row = TRY(
      tx.Prepare("SELECT EXISTS(SELECT 1 FROM live_objects WHERE bucket = ?1) OR "
                 "EXISTS(SELECT 1 FROM old_objects WHERE bucket = ?1 AND soft_deleted IS NULL)"));
  row.Bind(1, bucket.id);
  TRY(row.Step());
  if (row.Int(0) != 0)
    return MakeError(ErrorKind::kConflict, "The bucket you tried to delete is not empty.",
                     "bucket.not_empty");
  return {};
}

}  // namespace

Result<Bucket> CreateBucket(Core& core, const std::string& name, BucketSettings settings) {
  TRY(CheckBucketName(name));
  TRY(core.AdmitBytes(0));
  return core.database.Write([&](meta::Tx& tx) -> Result<Bucket> {
    Bucket b;
    b.name = name;
    const int64_t version = TRY(core.generations.Next(tx));
    b.created = b.updated = version;
    b.settings = settings;
    StampPolicies({}, b.settings, version);
    const Result<int64_t> inserted = tx.Run(
        "INSERT INTO buckets(name, created, updated, metageneration, version, settings) "
        "VALUES(?,?,?,1,?,?)",
        name, b.created, b.updated, version, EncodeSettings(b.settings));
    if (!inserted.ok() && inserted.error().Is(ErrorKind::kAlreadyExists))
      return MakeError(ErrorKind::kAlreadyExists,
                       fmt::format("The bucket '{}' exists already.", name), "bucket.exists");
    if (!inserted.ok()) return inserted.error();
    b.id = tx.LastInsertId();
    FAILPOINT("objects.bucket.created");
    return b;
  });
}

Result<BucketPage> ListBuckets(Core& core, const std::string& prefix, const std::string& page_token,
                               int max_results) {
  std::string from = prefix;
  if (!page_token.empty()) {
    Result<std::string> resumed = DecodeBase64(page_token);
    if (!resumed.ok())
      return MakeError(ErrorKind::kInvalid, "the page token isn't one that this server gave",
                       "page_token");
    from = std::max(from, *resumed);
  }
  meta::ReadTx read = TRY(core.database.Read());
  meta::Statement rows =
      TRY(read.Prepare("SELECT id, name, created, updated, metageneration, settings FROM buckets "
                       "WHERE name >= ? ORDER BY name"));
  rows.Bind(1, from);
  BucketPage page;
  const auto max = static_cast<size_t>(std::clamp(max_results, 1, kPageMax));
  while (TRY(rows.Step())) {
    if (!rows.Text(1).starts_with(prefix)) break;
    if (page.items.size() == max) {
      page.next_page_token = EncodeBase64Url(rows.Text(1));
      break;
    }
    page.items.push_back(TRY(ReadBucket(rows)));
  }
  return page;
}

Result<Bucket> UpdateBucket(Core& core, const std::string& name, const Preconditions& conditions,
                            const std::function<Result<void>(BucketSettings&)>& change) {
  return core.database.Write([&](meta::Tx& tx) -> Result<Bucket> {
    Bucket b = *TRY(core.buckets.Find(tx, name));
    TRY(CheckConditions(conditions, b, false));
    const BucketSettings before = b.settings;
    TRY(change(b.settings));
    TRY(CheckRetentionChange(before, b.settings));
    b.updated = core.clock.Now();
    StampPolicies(before, b.settings, b.updated);
    ++b.metageneration;
    TRY(StoreBucket(core, tx, b));
    return b;
  });
}

Result<Bucket> LockRetention(Core& core, const std::string& name, int64_t metageneration_match) {
  Preconditions conditions;
  conditions.metageneration_match = metageneration_match;
  return UpdateBucket(core, name, conditions, [](BucketSettings& settings) -> Result<void> {
    if (!settings.retention_seconds)
      return MakeError(ErrorKind::kInvalid, "the bucket has no retention policy to lock",
                       "bucket.retention");
    settings.retention_locked = true;
    return {};
  });
}

Result<void> DeleteBucket(Core& core, const std::string& name, const Preconditions& conditions) {
  while (true) {
    const bool done = TRY(core.database.Write([&](meta::Tx& tx) -> Result<bool> {
      std::shared_ptr<const Bucket> bucket = TRY(core.buckets.Find(tx, name));
      TRY(CheckConditions(conditions, *bucket, false));
      TRY(CheckEmpty(tx, *bucket));
      if (TRY(DropSoftDeleted(core, tx, *bucket, kDropMax)) == kDropMax) return false;
      TRY(tx.Run("DELETE FROM buckets WHERE id = ?", bucket->id));
      TRY(core.outbox.ForgetBucket(tx, name));
      FAILPOINT("objects.bucket.deleted");
      return true;
    }));
    if (done) return {};
  }
}

}  // namespace caudal::objects
