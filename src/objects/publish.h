// The rules of changing objects, inside a transaction: preconditions, versions, soft delete, holds,
// retention, events. Everything here runs on the writer thread.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "base/result.h"
#include "meta/database.h"
#include "objects/core.h"
#include "objects/types.h"

namespace caudal::objects {

// kPrecondition when a condition doesn't hold. `current`: null when there is no such object.
// `reading`: failed *NotMatch conditions get the code "not_modified".
Result<void> CheckConditions(const Preconditions& conditions, const Object* current, bool reading);
Result<void> CheckConditions(const Preconditions& conditions, const Bucket& bucket, bool reading);

// Bytes that are about to become an object: a blob written in full, or to be journaled.
struct Prepared {
  int64_t blob = 0;
  uint64_t size = 0;
  uint32_t crc32c = 0;
  std::optional<Md5Digest> md5;
  int32_t component_count = 0;
};

// Makes `prepared` the live generation of request.bucket/request.name: checks, retires the one
// before, inserts, records the events. The blob's reference passes to the object.
Result<Object> Publish(Core& core, meta::Tx& tx, const WriteRequest& request,
                       const Prepared& prepared);

// Removes a generation (none given: the live one) as the bucket's settings say.
Result<void> Delete(Core& core, meta::Tx& tx, const ObjectRef& ref,
                    const Preconditions& conditions);
// A row that is known to be there goes for good, whatever versioning says; holds and retention are
// checked. `soft`: keep it soft-deleted where the bucket says so.
Result<void> DeleteRow(Core& core, meta::Tx& tx, const Bucket& bucket, Table table,
                       const Object& object, bool soft);

Result<Object> UpdateMetadata(Core& core, meta::Tx& tx, const ObjectRef& ref,
                              const Preconditions& conditions,
                              const std::function<Result<void>(ObjectMetadata&)>& change,
                              bool override_unlocked_retention);

// Finds a generation: the live one, or the given one wherever it is (not soft-deleted).
struct Located {
  Object object;
  Table table = Table::kLive;
};
Result<std::optional<Located>> Locate(meta::Connection& connection, const Bucket& bucket,
                                      const ObjectRef& ref);

// One reference more, or less, to a blob; the last one gone makes it garbage.
Result<void> ShareBlob(meta::Tx& tx, int64_t blob);
Result<void> ReleaseBlob(meta::Tx& tx, int64_t blob);

}  // namespace caudal::objects
