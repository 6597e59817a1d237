#include "lake/format/snapshot.h"

#include <fmt/format.h>

#include <iterator>
#include <utility>

#include "lake/format/json_reader.h"
#include "lake/format/json_text.h"

namespace caudal::lake {

std::string_view Snapshot::operation() const {
  const auto found = summary.find("operation");
  return found == summary.end() ? std::string_view() : found->second;
}

Json SnapshotToJson(const Snapshot& snapshot, int format_version) {
  Json json = {{"snapshot-id", snapshot.id}, {"timestamp-ms", snapshot.timestamp_ms}};
  if (!snapshot.summary.empty()) json["summary"] = snapshot.summary;
  if (snapshot.parent_id) json["parent-snapshot-id"] = *snapshot.parent_id;
  if (format_version >= 2) json["sequence-number"] = snapshot.sequence_number;
  if (!snapshot.manifest_list.empty())
    json["manifest-list"] = snapshot.manifest_list;
  else
    json["manifests"] = snapshot.manifests;
  if (snapshot.schema_id) json["schema-id"] = *snapshot.schema_id;
  if (snapshot.first_row_id) json["first-row-id"] = *snapshot.first_row_id;
  if (snapshot.added_rows) json["added-rows"] = *snapshot.added_rows;
  if (snapshot.key_id) json["key-id"] = *snapshot.key_id;
  return json;
}

void AppendSnapshotText(std::string& text, const Snapshot& snapshot, int format_version) {
  const auto out = std::back_inserter(text);
  fmt::format_to(out, R"({{"snapshot-id":{},"timestamp-ms":{})", snapshot.id,
                 snapshot.timestamp_ms);
  const auto number = [&](const char* name, const auto& value) {
    if (value) fmt::format_to(out, R"(,"{}":{})", name, *value);
  };
  number("parent-snapshot-id", snapshot.parent_id);
  if (format_version >= 2)
    fmt::format_to(out, R"(,"sequence-number":{})", snapshot.sequence_number);
  number("schema-id", snapshot.schema_id);
  number("first-row-id", snapshot.first_row_id);
  number("added-rows", snapshot.added_rows);
  if (snapshot.key_id) {
    text += R"(,"key-id":)";
    AppendQuoted(text, *snapshot.key_id);
  }
  if (snapshot.manifest_list.empty()) {
    fmt::format_to(out, R"(,"manifests":{})", DumpJson(snapshot.manifests));
  } else {
    text += R"(,"manifest-list":)";
    AppendQuoted(text, snapshot.manifest_list);
  }
  if (!snapshot.summary.empty()) {
    text += R"(,"summary":{)";
    for (const auto& [key, value] : snapshot.summary) {
      AppendQuoted(text, key);
      text += ':';
      AppendQuoted(text, value);
      text += ',';
    }
    text.back() = '}';
  }
  text += '}';
}

Result<Snapshot> SnapshotFromJson(const Json& json) {
  const JsonReader reader = TRY(JsonReader::Of(json, "snapshot"));
  Snapshot snapshot;
  snapshot.id = TRY(reader.Long("snapshot-id"));
  snapshot.parent_id = TRY(reader.OptionalLong("parent-snapshot-id"));
  const auto sequence_number = TRY(reader.OptionalLong("sequence-number"));
  snapshot.sequence_number = sequence_number.value_or(0);
  if (snapshot.sequence_number < 0) return reader.Bad("sequence-number", "is negative");
  snapshot.timestamp_ms = TRY(reader.Long("timestamp-ms"));
  const auto list = TRY(reader.OptionalText("manifest-list"));
  snapshot.manifest_list = list.value_or("");
  const Json* manifests = TRY(reader.OptionalList("manifests"));
  if (snapshot.manifest_list.empty() && manifests == nullptr)
    return reader.Bad("manifest-list", "is missing");
  if (snapshot.manifest_list.empty())
    for (const Json& one : *manifests) {
      if (!one.is_string()) return reader.Bad("manifests", "must be a list of strings");
      snapshot.manifests.push_back(one.get<std::string>());
    }
  snapshot.summary = TRY(reader.OptionalMap("summary"));
  snapshot.schema_id = TRY(reader.OptionalInt("schema-id"));
  snapshot.first_row_id = TRY(reader.OptionalLong("first-row-id"));
  snapshot.added_rows = TRY(reader.OptionalLong("added-rows"));
  snapshot.key_id = TRY(reader.OptionalText("key-id"));
  if (snapshot.first_row_id.value_or(0) < 0) return reader.Bad("first-row-id", "is negative");
  if (snapshot.added_rows.value_or(0) < 0) return reader.Bad("added-rows", "is negative");
  return snapshot;
}

Json SnapshotRefToJson(const SnapshotRef& ref) {
  Json json = {{"snapshot-id", ref.snapshot_id}, {"type", ref.tag ? "tag" : "branch"}};
  if (ref.min_snapshots_to_keep) json["min-snapshots-to-keep"] = *ref.min_snapshots_to_keep;
  if (ref.max_snapshot_age_ms) json["max-snapshot-age-ms"] = *ref.max_snapshot_age_ms;
  if (ref.max_ref_age_ms) json["max-ref-age-ms"] = *ref.max_ref_age_ms;
  return json;
}

Result<SnapshotRef> SnapshotRefFromJson(const Json& json) {
  const JsonReader reader = TRY(JsonReader::Of(json, "snapshot reference"));
  SnapshotRef ref;
  ref.snapshot_id = TRY(reader.Long("snapshot-id"));
  const std::string type = TRY(reader.Text("type"));
  if (type != "tag" && type != "branch") return reader.Bad("type", "must be \"branch\" or \"tag\"");
  ref.tag = type == "tag";
  ref.min_snapshots_to_keep = TRY(reader.OptionalInt("min-snapshots-to-keep"));
  ref.max_snapshot_age_ms = TRY(reader.OptionalLong("max-snapshot-age-ms"));
  ref.max_ref_age_ms = TRY(reader.OptionalLong("max-ref-age-ms"));
  if (ref.tag && ref.min_snapshots_to_keep)
    return reader.Bad("min-snapshots-to-keep", "is for branches only");
  if (ref.tag && ref.max_snapshot_age_ms)
    return reader.Bad("max-snapshot-age-ms", "is for branches only");
  if (ref.min_snapshots_to_keep.value_or(1) <= 0)
    return reader.Bad("min-snapshots-to-keep", "must be above 0");
  if (ref.max_snapshot_age_ms.value_or(1) <= 0)
    return reader.Bad("max-snapshot-age-ms", "must be above 0");
  if (ref.max_ref_age_ms.value_or(1) <= 0) return reader.Bad("max-ref-age-ms", "must be above 0");
  return ref;
}

}  // namespace caudal::lake
