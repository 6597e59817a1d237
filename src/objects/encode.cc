#include "objects/encode.h"

#include "data/json.h"

namespace caudal::objects {
namespace {

template <class T>
void PutOptional(Json& json, const char* key, const std::optional<T>& value) {
  if (value) json[key] = *value;
}

template <class T>
void GetOptional(const Json& json, const char* key, std::optional<T>& value) {
  if (auto found = json.find(key); found != json.end()) value = found->get<T>();
}

template <class T>
void Get(const Json& json, const char* key, T& value) {
  if (auto found = json.find(key); found != json.end()) value = found->get<T>();
}

void PutText(Json& json, const char* key, const std::string& value) {
  if (!value.empty()) json[key] = value;
}

Json ConditionToJson(const LifecycleCondition& c) {
  Json json = Json::object();
  PutOptional(json, "age", c.age_days);
  PutOptional(json, "before", c.created_before);
  PutOptional(json, "custom_before", c.custom_time_before);
  PutOptional(json, "since_custom", c.days_since_custom_time);
  PutOptional(json, "since_noncurrent", c.days_since_noncurrent);
  PutOptional(json, "noncurrent_before", c.noncurrent_before);
  PutOptional(json, "live", c.is_live);
  PutOptional(json, "newer", c.newer_versions);
  if (!c.matches_prefix.empty()) json["prefix"] = c.matches_prefix;
  if (!c.matches_suffix.empty()) json["suffix"] = c.matches_suffix;
  if (!c.matches_storage_class.empty()) json["class"] = c.matches_storage_class;
  return json;
}

LifecycleCondition ConditionFromJson(const Json& json) {
  LifecycleCondition c;
  GetOptional(json, "age", c.age_days);
  GetOptional(json, "before", c.created_before);
  GetOptional(json, "custom_before", c.custom_time_before);
  GetOptional(json, "since_custom", c.days_since_custom_time);
  GetOptional(json, "since_noncurrent", c.days_since_noncurrent);
  GetOptional(json, "noncurrent_before", c.noncurrent_before);
  GetOptional(json, "live", c.is_live);
  GetOptional(json, "newer", c.newer_versions);
  Get(json, "prefix", c.matches_prefix);
  Get(json, "suffix", c.matches_suffix);
  Get(json, "class", c.matches_storage_class);
  return c;
}

// Runs `read` over the parsed text; our own text that doesn't parse means damage.
template <class Fn>
Result<void> ReadStored(std::string_view text, std::string_view what, Fn read) {
  try {
    read(Json::parse(text));
    return {};
  } catch (const Json::exception&) {
    return MakeError(ErrorKind::kCorrupt,
                     "stored " + std::string(what) + " can't be read: run caudal fsck");
  }
}

Json MetadataToJson(const ObjectMetadata& m) {
  Json json = Json::object();
  PutText(json, "encoding", m.content_encoding);
  PutText(json, "disposition", m.content_disposition);
  PutText(json, "language", m.content_language);
  PutText(json, "cache", m.cache_control);
  PutText(json, "class", m.storage_class);
  PutOptional(json, "custom_time", m.custom_time);
  if (!m.custom.empty()) json["custom"] = m.custom;
  if (m.event_based_hold) json["event_hold"] = true;
  if (m.temporary_hold) json["temporary_hold"] = true;
  if (m.retention)
    json["retention"] = {{"locked", m.retention->locked}, {"until", m.retention->until}};
  return json;
}

void MetadataFromJson(const Json& json, ObjectMetadata& m) {
  Get(json, "encoding", m.content_encoding);
  Get(json, "disposition", m.content_disposition);
  Get(json, "language", m.content_language);
  Get(json, "cache", m.cache_control);
  Get(json, "class", m.storage_class);
  GetOptional(json, "custom_time", m.custom_time);
  Get(json, "custom", m.custom);
  Get(json, "event_hold", m.event_based_hold);
  Get(json, "temporary_hold", m.temporary_hold);
  if (auto found = json.find("retention"); found != json.end())
    m.retention =
        ObjectRetention{found->at("locked").get<bool>(), found->at("until").get<Micros>()};
}

}  // namespace

std::string EncodeSettings(const BucketSettings& s) {
  Json json = {{"location", s.location}, {"class", s.storage_class}};
  if (s.versioning) json["versioning"] = true;
  if (s.soft_delete_seconds != 0) json["soft_delete"] = s.soft_delete_seconds;
  PutOptional(json, "soft_delete_effective", s.soft_delete_effective);
  PutOptional(json, "retention", s.retention_seconds);
  PutOptional(json, "retention_effective", s.retention_effective);
  if (s.retention_locked) json["retention_locked"] = true;
  if (s.default_event_based_hold) json["event_hold"] = true;
  if (s.object_retention) json["object_retention"] = true;
  if (!s.labels.empty()) json["labels"] = s.labels;
  for (const LifecycleRule& rule : s.lifecycle) {
    json["lifecycle"].push_back({{"action", static_cast<int>(rule.action)},
                                 {"class", rule.storage_class},
                                 {"when", ConditionToJson(rule.condition)}});
  }
  if (!s.other.empty()) json["other"] = s.other;
  return DumpJson(json);
}

Result<BucketSettings> DecodeSettings(std::string_view text) {
  BucketSettings s;
  TRY(ReadStored(text, "bucket settings", [&](const Json& json) {
    Get(json, "location", s.location);
    Get(json, "class", s.storage_class);
    Get(json, "versioning", s.versioning);
    Get(json, "soft_delete", s.soft_delete_seconds);
    GetOptional(json, "soft_delete_effective", s.soft_delete_effective);
    GetOptional(json, "retention", s.retention_seconds);
    GetOptional(json, "retention_effective", s.retention_effective);
    Get(json, "retention_locked", s.retention_locked);
    Get(json, "event_hold", s.default_event_based_hold);
    Get(json, "object_retention", s.object_retention);
    Get(json, "labels", s.labels);
    if (auto rules = json.find("lifecycle"); rules != json.end()) {
      for (const Json& rule : *rules) {
        s.lifecycle.push_back({static_cast<LifecycleRule::Action>(rule.at("action").get<int>()),
                               rule.at("class").get<std::string>(),
                               ConditionFromJson(rule.at("when"))});
      }
    }
    if (auto other = json.find("other"); other != json.end()) s.other = *other;
  }));
  return s;
}

std::string EncodeMetadata(const ObjectMetadata& metadata) {
  const Json json = MetadataToJson(metadata);
  return json.empty() ? std::string() : DumpJson(json);
}

Result<void> DecodeMetadata(std::string_view text, ObjectMetadata& metadata) {
  if (text.empty()) return {};
  return ReadStored(text, "object metadata",
                    [&](const Json& json) { MetadataFromJson(json, metadata); });
}

std::string EncodeRequest(const WriteRequest& r) {
  Json json = {{"type", r.metadata.content_type}, {"metadata", MetadataToJson(r.metadata)}};
  PutOptional(json, "generation_match", r.preconditions.generation_match);
  PutOptional(json, "generation_not_match", r.preconditions.generation_not_match);
  PutOptional(json, "metageneration_match", r.preconditions.metageneration_match);
  PutOptional(json, "metageneration_not_match", r.preconditions.metageneration_not_match);
  PutOptional(json, "crc32c", r.crc32c);
  PutOptional(json, "size", r.size);
  if (r.md5) json["md5"] = EncodeHex({r.md5->data(), r.md5->size()});
  return DumpJson(json);
}

Result<WriteRequest> DecodeRequest(std::string_view text) {
  WriteRequest r;
  TRY(ReadStored(text, "upload", [&](const Json& json) {
    Get(json, "type", r.metadata.content_type);
    MetadataFromJson(json.at("metadata"), r.metadata);
    GetOptional(json, "generation_match", r.preconditions.generation_match);
    GetOptional(json, "generation_not_match", r.preconditions.generation_not_match);
    GetOptional(json, "metageneration_match", r.preconditions.metageneration_match);
    GetOptional(json, "metageneration_not_match", r.preconditions.metageneration_not_match);
    GetOptional(json, "crc32c", r.crc32c);
    GetOptional(json, "size", r.size);
    if (auto md5 = json.find("md5"); md5 != json.end()) {
      Result<std::string> raw = DecodeHex(md5->get<std::string>());
      if (raw.ok() && raw->size() == 16)
        std::copy(raw->begin(), raw->end(), r.md5.emplace().begin());
    }
  }));
  return r;
}

}  // namespace caudal::objects
