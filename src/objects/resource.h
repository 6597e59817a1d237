// Buckets and objects in Cloud Storage's JSON form (storage/v1 resource representations): in API
// answers and in events.
#pragma once

#include <string>
#include <string_view>

#include "data/json.h"
#include "objects/types.h"

namespace caudal::objects {

// `base_url` begins selfLink and mediaLink: "http://127.0.0.1:8080".
Json BucketResource(const Bucket& bucket, std::string_view base_url);
Json ObjectResource(const Object& object, std::string_view base_url);
// The same, appended as text without building a tree: for listings and uploads.
void AppendObjectResource(std::string& out, const Object& object, std::string_view base_url);

// What a client sent, into values. `patch`: absent fields stay as they are, null clears; else
// absent fields are cleared too. kInvalid names the field.
Result<void> ApplyBucketResource(const Json& resource, bool patch, BucketSettings& settings);
Result<void> ApplyObjectResource(const Json& resource, bool patch, ObjectMetadata& metadata);

std::string EtagOf(const Object& object);  // without quotes

}  // namespace caudal::objects
