// Bucket rows: create, change, delete.
#pragma once

#include <functional>
#include <string>

#include "base/result.h"
#include "objects/core.h"

namespace caudal::objects {

// Signatures as in objects/store.h.
Result<Bucket> CreateBucket(Core& core, const std::string& name, BucketSettings settings);
Result<BucketPage> ListBuckets(Core& core, const std::string& prefix, const std::string& page_token,
                               int max_results);
Result<Bucket> UpdateBucket(Core& core, const std::string& name, const Preconditions& conditions,
                            const std::function<Result<void>(BucketSettings&)>& change);
Result<Bucket> LockRetention(Core& core, const std::string& name, int64_t metageneration_match);
Result<void> DeleteBucket(Core& core, const std::string& name, const Preconditions& conditions);

}  // namespace caudal::objects
