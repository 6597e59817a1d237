// XML request bodies, into values. Bounded, without entities or external references.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "data/digest.h"
#include "objects/types.h"

namespace caudal::api::gcs {

// <CompleteMultipartUpload>: part numbers, and the MD5 of each where its ETag says one.
Result<std::vector<std::pair<int, std::optional<Md5Digest>>>> ParseCompleteBody(
    std::string_view xml);

// <CreateBucketConfiguration>, empty allowed: location and storage class.
Result<void> ApplyCreateBucketBody(std::string_view xml, objects::BucketSettings& settings);

struct DeleteBody {
  std::vector<std::pair<std::string, std::optional<int64_t>>> objects;  // name, generation
  bool quiet = false;
};
// <Delete> of S3's multi-object delete: at most 1,000 objects.
Result<DeleteBody> ParseDeleteBody(std::string_view xml);

}  // namespace caudal::api::gcs
