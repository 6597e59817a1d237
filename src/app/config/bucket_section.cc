#include "app/config/bucket_settings.h"
#include "app/config/sections.h"
#include "app/config/values.h"

namespace caudal::app {
namespace {

using namespace std::chrono_literals;

const std::vector<Key<BucketConfig>>& Keys() {
  using C = BucketConfig;
  constexpr auto kLive = Change::kLive;
  static const std::vector<Key<C>> keys = {
      Field("versioning", &C::versioning, Flag{}, kLive,
            "Keep overwritten and deleted generations."),
      Field("soft_delete", &C::soft_delete, Duration{0ms, 24h * 90}, kLive,
            "How long deleted objects can be restored; 0 is off. Without it, "
            "storage.soft_delete."),
      Field("lifecycle", &C::lifecycle, JsonList{}, kLive,
            "Rules as in Cloud Storage: {action: {type: Delete}, condition: {age: 30}}."),
      Field("labels", &C::labels, MapOf<PlainText>{}, kLive, "Labels of the bucket."),
      Field("retention", &C::retention, Duration{0ms, 24h * 365 * 100}, kLive,
            "Objects can't be deleted or replaced before this age; 0 is off."),
      Field("location", &C::location, PlainText{}, kLive, "What the API answers as the location."),
      Field("storage_class", &C::storage_class,
            Choice<std::string>{{{"STANDARD", "STANDARD"},
                                 {"NEARLINE", "NEARLINE"},
                                 {"COLDLINE", "COLDLINE"},
                                 {"ARCHIVE", "ARCHIVE"}}},
            kLive, "Storage class of objects that don't say."),
  };
  return keys;
}

void Validate(Reading& reading, const Node& node, BucketConfig& bucket) {
  Result<objects::BucketSettings> settings = SettingsOf(bucket, StorageConfig{});
  if (settings.ok()) return;
  const YAML::Node lifecycle = node.yaml["lifecycle"];
  reading.Fail(lifecycle ? Node{lifecycle, node.path + ".lifecycle"} : node,
               settings.error().message + ".");
}

}  // namespace

const Section<BucketConfig>& BucketSection() {
  static const Section<BucketConfig> section{&Keys, &Validate};
  return section;
}

}  // namespace caudal::app
