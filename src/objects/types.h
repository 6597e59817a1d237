// Buckets and objects as values.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "data/digest.h"
#include "data/json.h"

namespace caudal::objects {

struct LifecycleCondition {
  std::optional<int64_t> age_days;
  std::optional<Micros> created_before;
  std::optional<Micros> custom_time_before;
  std::optional<int64_t> days_since_custom_time;
  std::optional<int64_t> days_since_noncurrent;
  std::optional<Micros> noncurrent_before;
  std::optional<bool> is_live;
  std::optional<int64_t> newer_versions;  // numNewerVersions
  std::vector<std::string> matches_prefix;
  std::vector<std::string> matches_suffix;
  std::vector<std::string> matches_storage_class;
};

struct LifecycleRule {
  enum class Action : uint8_t { kDelete, kSetStorageClass, kAbortIncompleteMultipartUpload };
  Action action = Action::kDelete;
  std::string storage_class;     // for kSetStorageClass
  LifecycleCondition condition;  // all of it must hold
};

struct BucketSettings {
  std::string location = "LOCAL";
  std::string storage_class = "STANDARD";
  bool versioning = false;
  int64_t soft_delete_seconds = 0;  // 0: off
  std::optional<Micros> soft_delete_effective;
  std::optional<int64_t> retention_seconds;
  std::optional<Micros> retention_effective;
  bool retention_locked = false;
  bool default_event_based_hold = false;
  bool object_retention = false;  // objects may carry their own retention
  std::map<std::string, std::string> labels;
  std::vector<LifecycleRule> lifecycle;
  // Kept and returned, not acted on: cors, website, iamConfiguration, logging, encryption,
  // autoclass, rpo…
  Json other = Json::object();
};

struct Bucket {
  int64_t id = 0;
  std::string name;
  Micros created = 0;
  Micros updated = 0;
  int64_t metageneration = 1;
  BucketSettings settings;
};

struct ObjectRetention {
  bool locked = false;  // mode "Locked", else "Unlocked"
  Micros until = 0;
};

// What a client may set.
struct ObjectMetadata {
  std::string content_type;  // empty: none given
  std::string content_encoding;
  std::string content_disposition;
  std::string content_language;
  std::string cache_control;
  std::string storage_class;  // empty: the bucket's
  std::optional<Micros> custom_time;
  std::map<std::string, std::string> custom;
  bool event_based_hold = false;
  bool temporary_hold = false;
  std::optional<ObjectRetention> retention;
};

// One generation of an object.
struct Object {
  std::string bucket;
  std::string name;
  int64_t generation = 0;
  int64_t metageneration = 1;
  uint64_t size = 0;
  uint32_t crc32c = 0;
  std::optional<Md5Digest> md5;  // none for composed objects
  int32_t component_count = 0;   // > 0 for composed objects
  Micros created = 0;
  Micros updated = 0;
  Micros storage_class_updated = 0;
  std::optional<Micros> noncurrent_since;  // a noncurrent version
  std::optional<Micros> soft_deleted;      // soft-deleted at
  std::optional<Micros> hard_delete;       // when a soft-deleted one goes for good
  // What the bucket's retention policy counts from: creation, or the release of an event-based
  // hold.
  std::optional<Micros> retention_from;
  std::optional<Micros> retention_expires;  // by the policy of the moment
  ObjectMetadata metadata;
  int64_t blob = 0;  // the file that holds its bytes (objects/blobs.h)
};

// Each must hold, where given. generation_match 0: no live object may exist.
struct Preconditions {
  std::optional<int64_t> generation_match;
  std::optional<int64_t> generation_not_match;
  std::optional<int64_t> metageneration_match;
  std::optional<int64_t> metageneration_not_match;

  bool empty() const {
    return !generation_match && !generation_not_match && !metageneration_match &&
           !metageneration_not_match;
  }
};

}  // namespace caudal::objects
