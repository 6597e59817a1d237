#include "app/config/bucket_settings.h"

#include "objects/resource.h"

namespace caudal::app {

Result<objects::BucketSettings> SettingsOf(const BucketConfig& bucket,
                                           const StorageConfig& storage) {
  objects::BucketSettings settings;
  Json resource = {{"labels", bucket.labels}};
  if (!bucket.lifecycle.empty()) resource["lifecycle"] = {{"rule", bucket.lifecycle}};
  TRY(objects::ApplyBucketResource(resource, /*patch=*/true, settings));
  settings.location = bucket.location;
  settings.storage_class = bucket.storage_class;
  settings.versioning = bucket.versioning;
  settings.soft_delete_seconds = bucket.soft_delete.value_or(storage.soft_delete).count();
  if (bucket.retention.count() > 0) settings.retention_seconds = bucket.retention.count();
  return settings;
}

}  // namespace caudal::app
