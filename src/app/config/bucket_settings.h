// A bucket of the configuration as the object store wants it.
#pragma once

#include "app/config/config.h"
#include "base/result.h"
#include "objects/types.h"

namespace caudal::app {

// kInvalid names what Cloud Storage's form of a bucket wouldn't take.
Result<objects::BucketSettings> SettingsOf(const BucketConfig& bucket,
                                           const StorageConfig& storage);

}  // namespace caudal::app
