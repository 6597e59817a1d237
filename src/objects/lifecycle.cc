#include "objects/lifecycle.h"

#include <algorithm>

#include "base/log.h"
#include "objects/listing.h"
#include "objects/multipart.h"
#include "objects/publish.h"

namespace caudal::objects {
namespace {

constexpr Micros kDay = 86'400'000'000;

bool StartsWithAny(const std::string& name, const std::vector<std::string>& prefixes) {
  return prefixes.empty() || std::any_of(prefixes.begin(), prefixes.end(),
                                         [&](const std::string& p) { return name.starts_with(p); });
}

bool EndsWithAny(const std::string& name, const std::vector<std::string>& suffixes) {
  return suffixes.empty() || std::any_of(suffixes.begin(), suffixes.end(),
                                         [&](const std::string& s) { return name.ends_with(s); });
}

// A bare date means its midnight; an age counts whole days.
bool OlderThanDays(std::optional<Micros> since, int64_t days, Micros now) {
  return since && now - *since >= days * kDay;
}

// The action that wins: delete before a change of class.
const LifecycleRule* Choose(const BucketSettings& settings, const Object& o, bool live,
                            int64_t newer, Micros now) {
  const LifecycleRule* chosen = nullptr;
  for (const LifecycleRule& rule : settings.lifecycle) {
    if (rule.action == LifecycleRule::Action::kAbortIncompleteMultipartUpload) continue;
    if (!Applies(rule, o, live, newer, now)) continue;
    if (rule.action == LifecycleRule::Action::kDelete) return &rule;
    if (chosen == nullptr && o.metadata.storage_class != rule.storage_class) chosen = &rule;
  }
  return chosen;
}

Result<void> Act(Core& core, const LifecycleRule& rule, const Object& o, bool live) {
  ObjectRef ref{o.bucket, o.name, o.generation};
  Preconditions conditions;
  conditions.generation_match = o.generation;
  conditions.metageneration_match = o.metageneration;
  if (rule.action == LifecycleRule::Action::kSetStorageClass) {
    TRY(core.database.Write([&](meta::Tx& tx) {
      return UpdateMetadata(
          core, tx, ref, conditions,
          [&](ObjectMetadata& metadata) -> Result<void> {
            metadata.storage_class = rule.storage_class;
            return {};
          },
          false);
    }));
    return {};
  }
  // A live object becomes noncurrent where versioning is on; a noncurrent one goes.
  if (live) ref.generation.reset();
  return core.database.Write([&](meta::Tx& tx) { return Delete(core, tx, ref, conditions); });
}

// Multipart uploads that the bucket's rules call abandoned.
Result<int64_t> AbortOldMultiparts(Core& core, const Bucket& bucket, Micros now) {
  int64_t aborted = 0;
  MultipartUploads multiparts(core);
  for (const LifecycleRule& rule : bucket.settings.lifecycle) {
    if (rule.action != LifecycleRule::Action::kAbortIncompleteMultipartUpload ||
        !rule.condition.age_days)
      continue;
    for (const MultipartInfo& upload : TRY(multiparts.List(bucket.name, "", 1000))) {
      if (!OlderThanDays(upload.created, *rule.condition.age_days, now)) continue;
      if (!StartsWithAny(upload.name, rule.condition.matches_prefix) ||
          !EndsWithAny(upload.name, rule.condition.matches_suffix))
        continue;
      if (multiparts.Abort(bucket.name, upload.name, upload.id).ok()) ++aborted;
    }
  }
  return aborted;
}

Result<int64_t> RunBucket(Core& core, const Bucket& bucket, const std::atomic<bool>& stop) {
  int64_t changes = TRY(AbortOldMultiparts(core, bucket, core.clock.Now()));
  ListQuery query;
  query.bucket = bucket.name;
  query.versions = true;
  const Micros now = core.clock.Now();
  std::vector<Object> group;  // the generations of one name, oldest first
  const auto finish_group = [&]() -> Result<void> {
    for (size_t i = 0; i < group.size(); ++i) {
      const Object& o = group[i];
      const bool live = !o.noncurrent_since;
      const LifecycleRule* rule =
          Choose(bucket.settings, o, live, static_cast<int64_t>(group.size() - 1 - i), now);
      if (rule == nullptr) continue;
      const Result<void> done = Act(core, *rule, o, live);
      if (done.ok()) {
        ++changes;
      } else if (done.error().Is(ErrorKind::kDiskFull) || done.error().Is(ErrorKind::kLimit) ||
                 done.error().Is(ErrorKind::kUnavailable)) {
        return done.error();
      }  // held, retained, changed or gone meanwhile: left as it is
    }
    group.clear();
    return {};
  };
  do {
    ListPage page = TRY(ListObjects(core, query));
    for (Object& o : page.items) {
      if (!group.empty() && group.front().name != o.name) TRY(finish_group());
      group.push_back(std::move(o));
    }
    query.page_token = page.next_page_token;
  } while (!query.page_token.empty() && !stop);
  if (!stop) TRY(finish_group());
  return changes;
}

}  // namespace

bool Applies(const LifecycleRule& rule, const Object& o, bool is_live, int64_t newer_versions,
             Micros now) {
  const LifecycleCondition& c = rule.condition;
  if (c.age_days && !OlderThanDays(o.created, *c.age_days, now)) return false;
  if (c.created_before && o.created >= *c.created_before) return false;
  if (c.custom_time_before &&
      (!o.metadata.custom_time || *o.metadata.custom_time >= *c.custom_time_before))
    return false;
  if (c.days_since_custom_time &&
      !OlderThanDays(o.metadata.custom_time, *c.days_since_custom_time, now))
    return false;
  if (c.days_since_noncurrent && !OlderThanDays(o.noncurrent_since, *c.days_since_noncurrent, now))
    return false;
  if (c.noncurrent_before && (!o.noncurrent_since || *o.noncurrent_since >= *c.noncurrent_before))
    return false;
  if (c.is_live && *c.is_live != is_live) return false;
  if (c.newer_versions && newer_versions < *c.newer_versions) return false;
  if (!StartsWithAny(o.name, c.matches_prefix) || !EndsWithAny(o.name, c.matches_suffix))
    return false;
  return c.matches_storage_class.empty() ||
         std::find(c.matches_storage_class.begin(), c.matches_storage_class.end(),
                   o.metadata.storage_class) != c.matches_storage_class.end();
}

Result<int64_t> RunLifecycle(Core& core, const std::atomic<bool>& stop) {
  std::vector<Bucket> buckets;
  {
    meta::ReadTx read = TRY(core.database.Read());
    meta::Statement rows = TRY(
        read.Prepare("SELECT id, name, created, updated, metageneration, settings FROM buckets"));
    while (TRY(rows.Step())) {
      Bucket bucket = TRY(ReadBucket(rows));
      if (!bucket.settings.lifecycle.empty()) buckets.push_back(std::move(bucket));
    }
  }
  int64_t changes = 0;
  for (const Bucket& bucket : buckets) {
    if (stop) break;
    const int64_t made = TRY(RunBucket(core, bucket, stop));
    if (made > 0) LogInfo("lifecycle rules applied", {{"bucket", bucket.name}, {"changes", made}});
    changes += made;
  }
  return changes;
}

}  // namespace caudal::objects
