#include "objects/resource.h"

#include <fmt/format.h>

#include <charconv>
#include <cstdlib>

#include "data/digest.h"
#include "data/timestamp.h"

namespace caudal::objects {
namespace {

// Keys of `settings.other` that begin so are our own (the IAM policy) and never shown.
constexpr char kPrivateMark = '_';

bool IsUnreserved(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
         c == '_' || c == '.' || c == '~';
}

void AppendPercentEncoded(std::string& out, std::string_view text) {
  constexpr std::string_view kHex = "0123456789ABCDEF";
  for (const char c : text) {
    if (IsUnreserved(c)) {
      out.push_back(c);
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    out.push_back('%');
    out.push_back(kHex[byte >> 4]);
    out.push_back(kHex[byte & 15]);
  }
}

template <class Integer>
void AppendInteger(std::string& out, Integer value) {
  char digits[24];
  const auto end = std::to_chars(digits, digits + sizeof digits, value).ptr;
  out.append(digits, static_cast<size_t>(end - digits));
}

void AppendVarint(std::string& out, uint64_t value) {
  while (value >= 0x80) {
    out.push_back(static_cast<char>(value | 0x80));
    value >>= 7;
  }
  out.push_back(static_cast<char>(value));
}

void AppendSelfLink(std::string& out, const Object& object, std::string_view base_url) {
  out += base_url;
  out += "/storage/v1/b/";
  AppendPercentEncoded(out, object.bucket);
  out += "/o/";
  AppendPercentEncoded(out, object.name);
}

void AppendMediaLink(std::string& out, const Object& object, std::string_view base_url) {
  out += base_url;
  out += "/download/storage/v1/b/";
  AppendPercentEncoded(out, object.bucket);
  out += "/o/";
  AppendPercentEncoded(out, object.name);
  out += "?generation=";
  AppendInteger(out, object.generation);
  out += "&alt=media";
}

std::string_view StorageClassOf(const Object& object) {
  return object.metadata.storage_class.empty() ? std::string_view("STANDARD")
                                               : std::string_view(object.metadata.storage_class);
}

std::string_view Md5View(const Md5Digest& md5) { return {md5.data(), md5.size()}; }

Json RetentionResource(const ObjectRetention& retention) {
  return {{"mode", retention.locked ? "Locked" : "Unlocked"},
          {"retainUntilTime", FormatRfc3339(retention.until)}};
}

// When the object may be deleted: the bucket's policy and its own retention, the later of both.
std::optional<Micros> RetentionExpiration(const Object& object) {
  std::optional<Micros> expires = object.retention_expires;
  if (object.metadata.retention && (!expires || object.metadata.retention->until > *expires))
    expires = object.metadata.retention->until;
  return expires;
}

// Appends members of one JSON object as text.
class MemberWriter {
 public:
  explicit MemberWriter(std::string& out) : out_(out) { out_.push_back('{'); }
  void Close() { out_.push_back('}'); }

  void Key(std::string_view key) {
    if (!first_) out_.push_back(',');
    first_ = false;
    out_.push_back('"');
    out_ += key;  // our own names: nothing to escape
    out_ += "\":";
  }
  // `value` needs no escaping.
  void Plain(std::string_view key, std::string_view value) {
    Key(key);
    out_.push_back('"');
    out_ += value;
    out_.push_back('"');
  }
  void Text(std::string_view key, std::string_view value) {
    Key(key);
    Escaped(value);
  }
  void TextIfAny(std::string_view key, std::string_view value) {
    if (!value.empty()) Text(key, value);
  }
  template <class Integer>
  void Quoted(std::string_view key, Integer value) {
    Key(key);
    out_.push_back('"');
    AppendInteger(out_, value);
    out_.push_back('"');
  }
  void True(std::string_view key) {
    Key(key);
    out_ += "true";
  }
  void Time(std::string_view key, Micros time) { Plain(key, FormatRfc3339(time)); }

  void Escaped(std::string_view value) {
    const auto plain = [](char c) { return c >= 0x20 && c < 0x7f && c != '"' && c != '\\'; };
    for (const char c : value) {
      if (!plain(c)) {
        out_ += DumpJson(Json(value));
        return;
      }
    }
    out_.push_back('"');
    out_ += value;
    out_.push_back('"');
  }

 private:
  std::string& out_;
  bool first_ = true;
};

std::string DateOf(Micros time) { return FormatRfc3339(time, 0).substr(0, 10); }

Json LifecycleResource(const std::vector<LifecycleRule>& rules) {
  Json list = Json::array();
  for (const LifecycleRule& rule : rules) {
    Json action;
    switch (rule.action) {
      case LifecycleRule::Action::kDelete:
        action = {{"type", "Delete"}};
        break;
      case LifecycleRule::Action::kSetStorageClass:
        action = {{"type", "SetStorageClass"}, {"storageClass", rule.storage_class}};
        break;
      case LifecycleRule::Action::kAbortIncompleteMultipartUpload:
        action = {{"type", "AbortIncompleteMultipartUpload"}};
        break;
    }
    const LifecycleCondition& c = rule.condition;
    Json condition = Json::object();
    if (c.age_days) condition["age"] = *c.age_days;
    if (c.created_before) condition["createdBefore"] = DateOf(*c.created_before);
    if (c.custom_time_before) condition["customTimeBefore"] = DateOf(*c.custom_time_before);
    if (c.days_since_custom_time) condition["daysSinceCustomTime"] = *c.days_since_custom_time;
    if (c.days_since_noncurrent) condition["daysSinceNoncurrentTime"] = *c.days_since_noncurrent;
    if (c.noncurrent_before) condition["noncurrentTimeBefore"] = DateOf(*c.noncurrent_before);
    if (c.is_live) condition["isLive"] = *c.is_live;
    if (c.newer_versions) condition["numNewerVersions"] = *c.newer_versions;
    if (!c.matches_prefix.empty()) condition["matchesPrefix"] = c.matches_prefix;
    if (!c.matches_suffix.empty()) condition["matchesSuffix"] = c.matches_suffix;
    if (!c.matches_storage_class.empty())
      condition["matchesStorageClass"] = c.matches_storage_class;
    list.push_back({{"action", std::move(action)}, {"condition", std::move(condition)}});
  }
  return {{"rule", std::move(list)}};
}

std::string BucketEtag(const Bucket& bucket) {
  std::string bytes("\x08");
  AppendVarint(bytes, static_cast<uint64_t>(bucket.metageneration));
  return EncodeBase64(bytes);
}

}  // namespace

std::string EtagOf(const Object& object) {
  // Cloud Storage's own form: a protocol buffer of generation (1) and metageneration (2).
  std::string bytes("\x08");
  AppendVarint(bytes, static_cast<uint64_t>(object.generation));
  bytes.push_back('\x10');
  AppendVarint(bytes, static_cast<uint64_t>(object.metageneration));
  return EncodeBase64(bytes);
}

Json BucketResource(const Bucket& bucket, std::string_view base_url) {
  const BucketSettings& s = bucket.settings;
  Json json = Json::object();
  // Uniform access is the truth here: there are no ACLs.
  json["iamConfiguration"] = {
      {"bucketPolicyOnly", {{"enabled", true}}},
      {"uniformBucketLevelAccess", {{"enabled", true}}},
      {"publicAccessPrevention", "inherited"},
  };
  if (s.other.is_object()) {
    for (const auto& [key, value] : s.other.items()) {
      if (key.empty() || key[0] != kPrivateMark) json[key] = value;
    }
  }
  json["kind"] = "storage#bucket";
  json["id"] = bucket.name;
  json["name"] = bucket.name;
  json["selfLink"] = fmt::format("{}/storage/v1/b/{}", base_url, bucket.name);
  json["projectNumber"] = "0";
  json["etag"] = BucketEtag(bucket);
  json["metageneration"] = std::to_string(bucket.metageneration);
  json["timeCreated"] = FormatRfc3339(bucket.created);
  json["updated"] = FormatRfc3339(bucket.updated);
  json["location"] = s.location;
  json["locationType"] = "region";
  json["storageClass"] = s.storage_class;
  if (s.versioning) json["versioning"] = {{"enabled", true}};
  Json soft = {{"retentionDurationSeconds", std::to_string(s.soft_delete_seconds)}};
  if (s.soft_delete_effective) soft["effectiveTime"] = FormatRfc3339(*s.soft_delete_effective);
  json["softDeletePolicy"] = std::move(soft);
  if (s.retention_seconds) {
    Json policy = {{"retentionPeriod", std::to_string(*s.retention_seconds)}};
    if (s.retention_effective) policy["effectiveTime"] = FormatRfc3339(*s.retention_effective);
    if (s.retention_locked) policy["isLocked"] = true;
    json["retentionPolicy"] = std::move(policy);
  }
  if (s.default_event_based_hold) json["defaultEventBasedHold"] = true;
  if (s.object_retention) json["objectRetention"] = {{"mode", "Enabled"}};
  if (!s.labels.empty()) json["labels"] = s.labels;
  if (!s.lifecycle.empty()) json["lifecycle"] = LifecycleResource(s.lifecycle);
  return json;
}

Json ObjectResource(const Object& object, std::string_view base_url) {
  const ObjectMetadata& m = object.metadata;
  std::string self_link, media_link;
  AppendSelfLink(self_link, object, base_url);
  AppendMediaLink(media_link, object, base_url);
  Json json = {
      {"kind", "storage#object"},
      {"id", fmt::format("{}/{}/{}", object.bucket, object.name, object.generation)},
      {"selfLink", self_link},
      {"mediaLink", media_link},
      {"name", object.name},
      {"bucket", object.bucket},
      {"generation", std::to_string(object.generation)},
      {"metageneration", std::to_string(object.metageneration)},
      {"storageClass", StorageClassOf(object)},
      {"size", std::to_string(object.size)},
      {"crc32c", EncodeCrc32c(object.crc32c)},
      {"etag", EtagOf(object)},
      {"timeCreated", FormatRfc3339(object.created)},
      {"updated", FormatRfc3339(object.updated)},
      {"timeFinalized", FormatRfc3339(object.created)},
      {"timeStorageClassUpdated", FormatRfc3339(object.storage_class_updated)},
  };
  if (object.md5) json["md5Hash"] = EncodeBase64(Md5View(*object.md5));
  if (object.component_count > 0) json["componentCount"] = object.component_count;
  const auto text = [&](const char* key, const std::string& value) {
    if (!value.empty()) json[key] = value;
  };
  text("contentType", m.content_type);
  text("contentEncoding", m.content_encoding);
  text("contentDisposition", m.content_disposition);
  text("contentLanguage", m.content_language);
  text("cacheControl", m.cache_control);
  if (!m.custom.empty()) json["metadata"] = m.custom;
  const auto time = [&](const char* key, const std::optional<Micros>& value) {
    if (value) json[key] = FormatRfc3339(*value);
  };
  time("customTime", m.custom_time);
  if (m.event_based_hold) json["eventBasedHold"] = true;
  if (m.temporary_hold) json["temporaryHold"] = true;
  if (m.retention) json["retention"] = RetentionResource(*m.retention);
  time("retentionExpirationTime", RetentionExpiration(object));
  time("timeDeleted", object.noncurrent_since);
  time("softDeleteTime", object.soft_deleted);
  time("hardDeleteTime", object.hard_delete);
  return json;
}

void AppendObjectResource(std::string& out, const Object& object, std::string_view base_url) {
  const ObjectMetadata& m = object.metadata;
  const std::string created = FormatRfc3339(object.created);
  const auto like_created = [&](Micros time) {
    return time == object.created ? created : FormatRfc3339(time);
  };
  out.reserve(out.size() + 1024);
  MemberWriter w(out);
  w.Plain("kind", "storage#object");
  std::string scratch;
  scratch.append(object.bucket).append("/").append(object.name).append("/");
  AppendInteger(scratch, object.generation);
  w.Text("id", scratch);
  // Links are ASCII after encoding; a base URL may not be trusted to be.
  scratch.clear();
  AppendSelfLink(scratch, object, base_url);
  w.Text("selfLink", scratch);
  scratch.clear();
  AppendMediaLink(scratch, object, base_url);
  w.Text("mediaLink", scratch);
  w.Text("name", object.name);
  w.Text("bucket", object.bucket);
  w.Quoted("generation", object.generation);
  w.Quoted("metageneration", object.metageneration);
  w.TextIfAny("contentType", m.content_type);
  w.Text("storageClass", StorageClassOf(object));
  w.Quoted("size", object.size);
  if (object.md5) w.Plain("md5Hash", EncodeBase64(Md5View(*object.md5)));
  w.TextIfAny("contentEncoding", m.content_encoding);
  w.TextIfAny("contentDisposition", m.content_disposition);
  w.TextIfAny("contentLanguage", m.content_language);
  w.TextIfAny("cacheControl", m.cache_control);
  w.Plain("crc32c", EncodeCrc32c(object.crc32c));
  if (object.component_count > 0) {
    w.Key("componentCount");
    AppendInteger(out, object.component_count);
  }
  w.Plain("etag", EtagOf(object));
  w.Plain("timeCreated", created);
  w.Plain("updated", like_created(object.updated));
  w.Plain("timeFinalized", created);
  w.Plain("timeStorageClassUpdated", like_created(object.storage_class_updated));
  if (m.event_based_hold) w.True("eventBasedHold");
  if (m.temporary_hold) w.True("temporaryHold");
  if (m.custom_time) w.Time("customTime", *m.custom_time);
  if (m.retention) {
    w.Key("retention");
    out += DumpJson(RetentionResource(*m.retention));
  }
  if (const auto expires = RetentionExpiration(object)) w.Time("retentionExpirationTime", *expires);
  if (object.noncurrent_since) w.Time("timeDeleted", *object.noncurrent_since);
  if (object.soft_deleted) w.Time("softDeleteTime", *object.soft_deleted);
  if (object.hard_delete) w.Time("hardDeleteTime", *object.hard_delete);
  if (!m.custom.empty()) {
    w.Key("metadata");
    out += DumpJson(Json(m.custom));
  }
  w.Close();
}

}  // namespace caudal::objects
