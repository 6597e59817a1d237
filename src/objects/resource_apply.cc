// What clients send, into values: the other half of resource.h.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "data/timestamp.h"
#include "data/utf8.h"
#include "objects/resource.h"

namespace caudal::objects {
namespace {

constexpr size_t kCustomMetadataBytesMax = 8192;
constexpr size_t kFieldBytesMax = 4096;
constexpr size_t kLabelsMax = 64;
constexpr size_t kLabelBytesMax = 128;
constexpr size_t kLifecycleRulesMax = 100;
constexpr size_t kMatchesMax = 1000;
constexpr int64_t kRetentionSecondsMax = 3'155'760'000;  // 100 years
constexpr int64_t kSoftDeleteSecondsMin = 7 * 86400;
constexpr int64_t kSoftDeleteSecondsMax = 90 * 86400;

Error BadField(std::string_view field, std::string_view expected) {
  return MakeError(ErrorKind::kInvalid, fmt::format("{}: expected {}", field, expected),
                   "field.invalid");
}

// The member, when it is there at all (null too).
const Json* Find(const Json& object, const char* key) {
  const auto found = object.find(key);
  return found == object.end() ? nullptr : &*found;
}

Result<std::string> TextOf(const Json& value, std::string_view field) {
  if (!value.is_string()) return BadField(field, "a string");
  return value.get<std::string>();
}

Result<bool> BoolOf(const Json& value, std::string_view field) {
  if (!value.is_boolean()) return BadField(field, "true or false");
  return value.get<bool>();
}

// A number, or its digits in a string, as Google's APIs send 64-bit integers.
Result<int64_t> IntegerOf(const Json& value, std::string_view field, int64_t min, int64_t max) {
  std::optional<int64_t> number;
  if (value.is_number_unsigned()) {
    if (value.get<uint64_t>() <= static_cast<uint64_t>(INT64_MAX)) number = value.get<int64_t>();
  } else if (value.is_number_integer()) {
    number = value.get<int64_t>();
  } else if (value.is_string()) {
    const std::string& text = value.get_ref<const std::string&>();
    int64_t parsed = 0;
    const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), parsed);
    if (code == std::errc() && end == text.data() + text.size() && !text.empty()) number = parsed;
  }
  if (!number || *number < min || *number > max)
    return BadField(field, fmt::format("an integer from {} to {}", min, max));
  return *number;
}

Result<Micros> TimeOf(const Json& value, std::string_view field) {
  const std::string text = TRY(TextOf(value, field));
  Result<Micros> time = ParseRfc3339(text);
  if (!time.ok()) return BadField(field, "a time such as 2026-11-23T19:13:00Z");
  return *time;
}

Result<std::vector<std::string>> TextsOf(const Json& value, std::string_view field) {
  if (!value.is_array() || value.size() > kMatchesMax)
    return BadField(field, fmt::format("a list of at most {} strings", kMatchesMax));
  std::vector<std::string> texts;
  for (const Json& item : value) texts.push_back(TRY(TextOf(item, field)));
  return texts;
}

Result<std::string> StorageClassOf(const Json& value, std::string_view field) {
  constexpr std::array<std::string_view, 7> kClasses = {"STANDARD",
                                                        "NEARLINE",
                                                        "COLDLINE",
                                                        "ARCHIVE",
                                                        "REGIONAL",
                                                        "MULTI_REGIONAL",
                                                        "DURABLE_REDUCED_AVAILABILITY"};
  std::string text = TRY(TextOf(value, field));
  std::transform(text.begin(), text.end(), text.begin(),
                 [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c; });
  if (std::find(kClasses.begin(), kClasses.end(), text) == kClasses.end())
    return BadField(field, "STANDARD, NEARLINE, COLDLINE or ARCHIVE");
  return text;
}

// Becomes the value of a header when the object is read.
Result<void> ApplyHeaderField(const Json& resource, const char* key, bool patch,
                              std::string& value) {
  const Json* member = Find(resource, key);
  if (member == nullptr || member->is_null()) {
    if (member != nullptr || !patch) value.clear();
    return {};
  }
  std::string text = TRY(TextOf(*member, key));
  const bool printable =
      std::none_of(text.begin(), text.end(), [](unsigned char c) { return c < 0x20 || c == 0x7f; });
  if (!printable || text.size() > kFieldBytesMax)
    return BadField(key,
                    fmt::format("at most {} bytes without control characters", kFieldBytesMax));
  value = std::move(text);
  return {};
}

Result<void> ApplyFlag(const Json& resource, const char* key, bool patch, bool& value) {
  const Json* member = Find(resource, key);
  if (member == nullptr || member->is_null()) {
    if (member != nullptr || !patch) value = false;
    return {};
  }
  value = TRY(BoolOf(*member, key));
  return {};
}

Result<void> ApplyTexts(const Json& resource, const char* key, bool patch,
                        std::map<std::string, std::string>& values) {
  const Json* member = Find(resource, key);
  if (member == nullptr || member->is_null()) {
    if (member != nullptr || !patch) values.clear();
    return {};
  }
  if (!member->is_object()) return BadField(key, "an object of strings");
  if (!patch) values.clear();
  for (const auto& [name, value] : member->items()) {
    if (value.is_null()) {
      values.erase(name);
      continue;
    }
    values[name] = TRY(TextOf(value, fmt::format("{}.{}", key, name)));
  }
  return {};
}

Result<void> ApplyRetention(const Json& resource, bool patch, ObjectMetadata& metadata) {
  const Json* member = Find(resource, "retention");
  if (member == nullptr || member->is_null() || (member->is_object() && member->empty())) {
    if (member != nullptr || !patch) metadata.retention.reset();
    return {};
  }
  if (!member->is_object()) return BadField("retention", "an object");
  const auto is_null = [&](const char* key) {
    const Json* value = Find(*member, key);
    return value != nullptr && value->is_null();
  };
  if (is_null("mode") && is_null("retainUntilTime")) {
    metadata.retention.reset();
    return {};
  }
  ObjectRetention retention = patch && metadata.retention ? *metadata.retention : ObjectRetention{};
  if (const Json* mode = Find(*member, "mode")) {
    const std::string text = TRY(TextOf(*mode, "retention.mode"));
    if (text != "Locked" && text != "Unlocked")
      return BadField("retention.mode", "Locked or Unlocked");
    retention.locked = text == "Locked";
  } else if (!metadata.retention) {
    return BadField("retention.mode", "Locked or Unlocked");
  }
  if (const Json* until = Find(*member, "retainUntilTime")) {
    retention.until = TRY(TimeOf(*until, "retention.retainUntilTime"));
  } else if (!metadata.retention) {
    return BadField("retention.retainUntilTime", "a time");
  }
  metadata.retention = retention;
  return {};
}

Result<LifecycleCondition> ConditionOf(const Json& json) {
  if (!json.is_object() || json.empty())
    return BadField("lifecycle.rule.condition", "at least one condition");
  LifecycleCondition c;
  for (const auto& [key, value] : json.items()) {
    const std::string field = "lifecycle.rule.condition." + key;
    constexpr int64_t kMax = INT32_MAX;
    if (key == "age")
      c.age_days = TRY(IntegerOf(value, field, 0, kMax));
    else if (key == "createdBefore")
      c.created_before = TRY(TimeOf(value, field));
    else if (key == "customTimeBefore")
      c.custom_time_before = TRY(TimeOf(value, field));
    else if (key == "daysSinceCustomTime")
      c.days_since_custom_time = TRY(IntegerOf(value, field, 0, kMax));
    else if (key == "daysSinceNoncurrentTime")
      c.days_since_noncurrent = TRY(IntegerOf(value, field, 0, kMax));
    else if (key == "noncurrentTimeBefore")
      c.noncurrent_before = TRY(TimeOf(value, field));
    else if (key == "isLive")
      c.is_live = TRY(BoolOf(value, field));
    else if (key == "numNewerVersions")
      c.newer_versions = TRY(IntegerOf(value, field, 0, kMax));
    else if (key == "matchesPrefix")
      c.matches_prefix = TRY(TextsOf(value, field));
    else if (key == "matchesSuffix")
      c.matches_suffix = TRY(TextsOf(value, field));
    else if (key == "matchesStorageClass")
      c.matches_storage_class = TRY(TextsOf(value, field));
    else
      return MakeError(ErrorKind::kUnsupported,
                       fmt::format("{}: this condition isn't supported", field));
  }
  return c;
}

Result<LifecycleRule> RuleOf(const Json& json) {
  if (!json.is_object()) return BadField("lifecycle.rule", "a list of objects");
  const Json* action = Find(json, "action");
  if (action == nullptr || !action->is_object() || !action->contains("type"))
    return BadField("lifecycle.rule.action", "an object with a type");
  LifecycleRule rule;
  const std::string type = TRY(TextOf((*action)["type"], "lifecycle.rule.action.type"));
  if (type == "Delete") {
    rule.action = LifecycleRule::Action::kDelete;
  } else if (type == "AbortIncompleteMultipartUpload") {
    rule.action = LifecycleRule::Action::kAbortIncompleteMultipartUpload;
  } else if (type == "SetStorageClass") {
    rule.action = LifecycleRule::Action::kSetStorageClass;
    const Json* target = Find(*action, "storageClass");
    if (target == nullptr) return BadField("lifecycle.rule.action.storageClass", "a storage class");
    rule.storage_class = TRY(StorageClassOf(*target, "lifecycle.rule.action.storageClass"));
  } else {
    return BadField("lifecycle.rule.action.type",
                    "Delete, SetStorageClass or AbortIncompleteMultipartUpload");
  }
  const Json* condition = Find(json, "condition");
  rule.condition = TRY(ConditionOf(condition == nullptr ? Json::object() : *condition));
  return rule;
}

Result<void> ApplyLifecycle(const Json& resource, bool patch, BucketSettings& settings) {
  const Json* member = Find(resource, "lifecycle");
  if (member == nullptr && patch) return {};
  settings.lifecycle.clear();
  if (member == nullptr || member->is_null()) return {};
  if (!member->is_object()) return BadField("lifecycle", "an object");
  const Json* rules = Find(*member, "rule");
  if (rules == nullptr || rules->is_null()) return {};
  if (!rules->is_array() || rules->size() > kLifecycleRulesMax)
    return BadField("lifecycle.rule", fmt::format("a list of at most {}", kLifecycleRulesMax));
  for (const Json& rule : *rules) settings.lifecycle.push_back(TRY(RuleOf(rule)));
  return {};
}

// The member of a sub-object, e.g. versioning.enabled; absent or null sub-objects give nothing.
Result<const Json*> Inner(const Json& resource, const char* key, const char* inner) {
  const Json* member = Find(resource, key);
  if (member == nullptr || member->is_null()) return static_cast<const Json*>(nullptr);
  if (!member->is_object()) return BadField(key, "an object");
  const Json* found = Find(*member, inner);
  return found != nullptr && found->is_null() ? nullptr : found;
}

Result<void> ApplyRetentionPolicy(const Json& resource, bool patch, BucketSettings& settings) {
  const Json* period = TRY(Inner(resource, "retentionPolicy", "retentionPeriod"));
  if (period != nullptr) {
    settings.retention_seconds =
        TRY(IntegerOf(*period, "retentionPolicy.retentionPeriod", 1, kRetentionSecondsMax));
  } else if (!patch || resource.contains("retentionPolicy")) {
    settings.retention_seconds.reset();
  }
  return {};
}

Result<void> ApplySoftDelete(const Json& resource, bool patch, BucketSettings& settings) {
  const char* field = "softDeletePolicy.retentionDurationSeconds";
  const Json* seconds = TRY(Inner(resource, "softDeletePolicy", "retentionDurationSeconds"));
  if (seconds != nullptr) {
    settings.soft_delete_seconds = TRY(IntegerOf(*seconds, field, 0, kSoftDeleteSecondsMax));
    if (settings.soft_delete_seconds != 0 && settings.soft_delete_seconds < kSoftDeleteSecondsMin)
      return BadField(field, "0, or from 604800 (7 days) to 7776000 (90 days)");
  } else if (patch && resource.contains("softDeletePolicy")) {
    settings.soft_delete_seconds = 0;
  }
  return {};
}

// Output only, or values of their own in BucketSettings: never kept in `other`.
bool IsKnownBucketField(std::string_view key) {
  constexpr std::array<std::string_view, 32> kKnown = {"kind",
                                                       "id",
                                                       "name",
                                                       "selfLink",
                                                       "projectNumber",
                                                       "etag",
                                                       "metageneration",
                                                       "timeCreated",
                                                       "updated",
                                                       "location",
                                                       "locationType",
                                                       "storageClass",
                                                       "versioning",
                                                       "softDeletePolicy",
                                                       "retentionPolicy",
                                                       "defaultEventBasedHold",
                                                       "objectRetention",
                                                       "labels",
                                                       "lifecycle",
                                                       "acl",
                                                       "defaultObjectAcl",
                                                       "owner",
                                                       "generation",
                                                       "hardDeleteTime",
                                                       "softDeleteTime",
                                                       "satisfiesPZS",
                                                       "satisfiesPZI",
                                                       "customPlacementConfig",
                                                       "hierarchicalNamespace",
                                                       "project",
                                                       "timeStorageClassUpdated",
                                                       "enableObjectRetention"};
  return std::find(kKnown.begin(), kKnown.end(), key) != kKnown.end();
}

Result<void> ApplyOther(const Json& resource, bool patch, BucketSettings& settings) {
  if (!settings.other.is_object()) settings.other = Json::object();
  if (!patch) {
    Json kept = Json::object();
    for (const auto& [key, value] : settings.other.items()) {
      if (key.starts_with('_')) kept[key] = value;
    }
    settings.other = std::move(kept);
  }
  for (const auto& [key, value] : resource.items()) {
    if (key.starts_with('_') || IsKnownBucketField(key)) continue;
    if (value.is_null()) {
      settings.other.erase(key);
    } else if (patch && value.is_object() && settings.other.contains(key)) {
      settings.other[key].merge_patch(value);
    } else {
      settings.other[key] = value;
    }
  }
  constexpr size_t kOtherBytesMax = 256u << 10;
  if (DumpJson(settings.other).size() > kOtherBytesMax)
    return BadField("bucket", fmt::format("settings of at most {} bytes", kOtherBytesMax));
  return {};
}

}  // namespace

Result<void> ApplyBucketResource(const Json& resource, bool patch, BucketSettings& settings) {
  if (!resource.is_object()) return BadField("bucket", "a JSON object");
  if (const Json* hns = TRY(Inner(resource, "hierarchicalNamespace", "enabled"));
      hns != nullptr && *hns == true)
    return MakeError(ErrorKind::kUnsupported,
                     "hierarchicalNamespace: folders aren't supported; leave it out");
  if (const Json* member = Find(resource, "location"); member != nullptr && !member->is_null()) {
    const std::string location = TRY(TextOf(*member, "location"));
    if (location.empty() || location.size() > 63) return BadField("location", "a region's name");
    settings.location = location;
    for (char& c : settings.location) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c;
  }
  if (const Json* member = Find(resource, "storageClass"); member != nullptr && !member->is_null())
    settings.storage_class = TRY(StorageClassOf(*member, "storageClass"));
  const Json* versioning = TRY(Inner(resource, "versioning", "enabled"));
  if (versioning != nullptr) {
    settings.versioning = TRY(BoolOf(*versioning, "versioning.enabled"));
  } else if (!patch || resource.contains("versioning")) {
    settings.versioning = false;
  }
  TRY(ApplySoftDelete(resource, patch, settings));
  TRY(ApplyRetentionPolicy(resource, patch, settings));
  TRY(ApplyFlag(resource, "defaultEventBasedHold", patch, settings.default_event_based_hold));
  TRY(ApplyTexts(resource, "labels", patch, settings.labels));
  if (settings.labels.size() > kLabelsMax)
    return BadField("labels", fmt::format("at most {} labels", kLabelsMax));
  for (const auto& [key, value] : settings.labels) {
    if (key.empty() || key.size() > kLabelBytesMax || value.size() > kLabelBytesMax)
      return BadField("labels", fmt::format("keys and values of at most {} bytes", kLabelBytesMax));
  }
  TRY(ApplyLifecycle(resource, patch, settings));
  return ApplyOther(resource, patch, settings);
}

Result<void> ApplyObjectResource(const Json& resource, bool patch, ObjectMetadata& metadata) {
  if (!resource.is_object()) return BadField("object", "a JSON object");
  for (const char* key : {"kmsKeyName", "customerEncryption", "contexts"}) {
    if (const Json* member = Find(resource, key);
        member != nullptr && !member->is_null() && !member->empty())
      return MakeError(ErrorKind::kUnsupported,
                       fmt::format("{}: not supported; leave it out", key));
  }
  TRY(ApplyHeaderField(resource, "contentType", patch, metadata.content_type));
  TRY(ApplyHeaderField(resource, "contentEncoding", patch, metadata.content_encoding));
  TRY(ApplyHeaderField(resource, "contentDisposition", patch, metadata.content_disposition));
  TRY(ApplyHeaderField(resource, "contentLanguage", patch, metadata.content_language));
  TRY(ApplyHeaderField(resource, "cacheControl", patch, metadata.cache_control));
  if (const Json* member = Find(resource, "storageClass"); member != nullptr && !member->is_null())
    metadata.storage_class = TRY(StorageClassOf(*member, "storageClass"));
  if (const Json* member = Find(resource, "customTime"); member != nullptr && !member->is_null()) {
    const Micros time = TRY(TimeOf(*member, "customTime"));
    if (metadata.custom_time && time < *metadata.custom_time)
      return BadField("customTime", "a time not before the one that is set");
    metadata.custom_time = time;
  }
  TRY(ApplyTexts(resource, "metadata", patch, metadata.custom));
  size_t custom_bytes = 0;
  for (const auto& [key, value] : metadata.custom) {
    if (key.empty() || !IsValidUtf8(key) || !IsValidUtf8(value))
      return BadField("metadata", "keys that aren't empty, in UTF-8");
    custom_bytes += key.size() + value.size();
  }
  if (custom_bytes > kCustomMetadataBytesMax)
    return BadField("metadata",
                    fmt::format("at most {} bytes of keys and values", kCustomMetadataBytesMax));
  TRY(ApplyFlag(resource, "eventBasedHold", patch, metadata.event_based_hold));
  TRY(ApplyFlag(resource, "temporaryHold", patch, metadata.temporary_hold));
  return ApplyRetention(resource, patch, metadata);
}

}  // namespace caudal::objects
