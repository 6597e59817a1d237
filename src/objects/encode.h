// The stored text forms of settings, metadata and write requests: compact JSON of our own, read
// only by Caudal.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "objects/store.h"
#include "objects/types.h"

namespace caudal::objects {

std::string EncodeSettings(const BucketSettings& settings);
Result<BucketSettings> DecodeSettings(std::string_view text);

// Everything but content_type, which has a column of its own. Empty when all of it is unset.
std::string EncodeMetadata(const ObjectMetadata& metadata);
Result<void> DecodeMetadata(std::string_view text, ObjectMetadata& metadata);

// Metadata, preconditions and expected checksums; bucket and name have columns of their own.
std::string EncodeRequest(const WriteRequest& request);
Result<WriteRequest> DecodeRequest(std::string_view text);

}  // namespace caudal::objects
