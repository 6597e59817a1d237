// Tables as people look at them, and their rollback.
#include <algorithm>
#include <charconv>

#include "api/admin/handlers.h"
#include "api/admin/table_routes.h"
#include "data/timestamp.h"
#include "lake/format/bounds.h"
#include "lake/format/schema_json.h"

namespace caudal::api::admin {
namespace {

using lake::LoadedTable;
using lake::Snapshot;
using lake::TableMetadata;

constexpr int kPage = 1000;

lake::TableName TableIn(const http::Request& request) {
  return {lake::SplitAtDots(request.Path("dataset")), request.Path("table")};
}

std::string TimeOf(int64_t ms) { return FormatRfc3339(ms * 1000); }

// Numbers of a summary, which are texts.
Json NumberIn(const Snapshot& snapshot, const char* key) {
  const auto found = snapshot.summary.find(key);
  if (found == snapshot.summary.end()) return nullptr;
  int64_t number = 0;
  const std::string& text = found->second;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), number);
  return parsed.ec == std::errc() ? Json(number) : Json(nullptr);
}

Json BriefOf(const LoadedTable& table) {
  const TableMetadata& metadata = *table.metadata;
  Json json = {{"table", lake::TextOf(table.name)},
               {"dataset", lake::TextOf(table.name.space)},
               {"name", table.name.name},
               {"format_version", metadata.format_version},
               {"updated", TimeOf(metadata.last_updated_ms)},
               {"snapshot_id", nullptr},
               {"rows", 0},
               {"files", 0},
               {"bytes", 0}};
  const Snapshot* snapshot = metadata.current_snapshot();
  if (snapshot == nullptr) return json;
  json["snapshot_id"] = std::to_string(snapshot->id);
  json["rows"] = NumberIn(*snapshot, "total-records");
  json["files"] = NumberIn(*snapshot, "total-data-files");
  json["bytes"] = NumberIn(*snapshot, "total-files-size");
  return json;
}

Result<void> ListSpace(lake::Catalog& catalog, const lake::Levels& space, Json& list) {
  std::string token;
  do {
    const lake::TablePage page = TRY(catalog.ListTables(space, token, kPage));
    for (const lake::TableName& name : page.tables) {
      const Result<LoadedTable> table = catalog.Load(name);
      if (table.ok()) {
        list.push_back(BriefOf(*table));
      } else if (!table.error().Is(ErrorKind::kNotFound)) {
        list.push_back({{"table", lake::TextOf(name)},
                        {"dataset", lake::TextOf(space)},
                        {"name", name.name},
                        {"error", table.error().message}});
      }
    }
    token = page.next_page_token;
  } while (!token.empty());
  return {};
}

Result<void> ListBelow(lake::Catalog& catalog, const lake::Levels& parent, Json& list) {
  std::string token;
  do {
    const lake::NamespacePage page = TRY(catalog.namespaces().List(parent, token, kPage));
    for (const lake::Levels& space : page.namespaces) {
      TRY(ListSpace(catalog, space, list));
      TRY(ListBelow(catalog, space, list));
    }
    token = page.next_page_token;
  } while (!token.empty());
  return {};
}

Result<http::Response> List(const TableDependencies& deps, const http::Request& request) {
  Json list = Json::array();
  const std::string dataset = TextParameter(request, "dataset");
  if (dataset.empty()) {
    TRY(ListBelow(deps.catalog, {}, list));
  } else {
    const lake::Levels levels = lake::SplitAtDots(dataset);
    TRY(ListSpace(deps.catalog, levels, list));
    TRY(ListBelow(deps.catalog, levels, list));
  }
  return JsonResponse({{"tables", std::move(list)}});
}

Json ColumnsOf(const Schema& schema) {
  Json columns = Json::array();
  for (const Field& field : schema.fields()) {
    const auto& ids = schema.identifier_field_ids();
    Json column = {{"id", field.id},
                   {"name", field.name},
                   {"type", field.type.Text()},
                   {"required", field.required},
                   {"key", std::ranges::find(ids, field.id) != ids.end()}};
    if (!field.doc.empty()) column["doc"] = field.doc;
    columns.push_back(std::move(column));
  }
  return columns;
}

std::string SourceNames(const Schema& schema, const std::vector<int32_t>& ids) {
  std::string names;
  for (const int32_t id : ids) {
    if (!names.empty()) names += ", ";
    names += schema.FullNameOf(id);
  }
  return names;
}

Json ShapeOf(const LoadedTable& table) {
  const TableMetadata& metadata = *table.metadata;
  const Schema& schema = metadata.schema();
  Json key = Json::array();
  for (const int32_t id : schema.identifier_field_ids())
    key.push_back(std::string(schema.FullNameOf(id)));
  Json partitions = Json::array();
  for (const lake::PartitionField& field : metadata.spec().fields)
    partitions.push_back({{"name", field.name},
                          {"column", SourceNames(schema, field.source_ids)},
                          {"transform", field.transform.Text()}});
  Json order = Json::array();
  for (const lake::SortField& field : metadata.sort_order().fields)
    order.push_back({{"column", SourceNames(schema, field.source_ids)},
                     {"transform", field.transform.Text()},
                     {"descending", field.descending},
                     {"nulls_first", field.nulls_first}});
  Json refs = Json::object();
  for (const auto& [name, ref] : metadata.refs)
    refs[name] = {{"type", ref.tag ? "tag" : "branch"},
                  {"snapshot_id", std::to_string(ref.snapshot_id)}};
  return {{"uuid", metadata.uuid},
          {"location", metadata.location},
          {"metadata_location", table.metadata_location},
          {"columns", ColumnsOf(schema)},
          {"schema", lake::SchemaToJson(schema)},
          {"key", std::move(key)},
          {"partitioning", std::move(partitions)},
          {"sort_order", std::move(order)},
          {"properties", metadata.properties},
          {"snapshots", metadata.snapshots.size()},
          {"refs", std::move(refs)}};
}

Result<http::Response> Show(const TableDependencies& deps, const http::Request& request) {
  const LoadedTable table = TRY(deps.catalog.Load(TableIn(request)));
  Json json = BriefOf(table);
  json.update(ShapeOf(table));
  return JsonResponse(json);
}

Result<http::Response> History(const TableDependencies& deps, const http::Request& request) {
  const LoadedTable table = TRY(deps.catalog.Load(TableIn(request)));
  const TableMetadata& metadata = *table.metadata;
  Json list = Json::array();
  std::vector<const Snapshot*> snapshots;
  snapshots.reserve(metadata.snapshots.size());
  for (const Snapshot& snapshot : metadata.snapshots) snapshots.push_back(&snapshot);
  std::ranges::stable_sort(snapshots, [](const Snapshot* a, const Snapshot* b) {
    return a->sequence_number > b->sequence_number;
  });
  for (const Snapshot* snapshot : snapshots) {
    Json refs = Json::array();
    for (const auto& [name, ref] : metadata.refs)
      if (ref.snapshot_id == snapshot->id) refs.push_back(name);
    list.push_back({{"snapshot_id", std::to_string(snapshot->id)},
                    {"parent_id", snapshot->parent_id ? Json(std::to_string(*snapshot->parent_id))
                                                      : Json(nullptr)},
                    {"time", TimeOf(snapshot->timestamp_ms)},
                    {"operation", std::string(snapshot->operation())},
                    {"added_rows", NumberIn(*snapshot, "added-records")},
                    {"deleted_rows", NumberIn(*snapshot, "added-position-deletes")},
                    {"total_rows", NumberIn(*snapshot, "total-records")},
                    {"total_files", NumberIn(*snapshot, "total-data-files")},
                    {"current", snapshot->id == metadata.current_snapshot_id},
                    {"refs", std::move(refs)},
                    {"summary", snapshot->summary}});
  }
  return JsonResponse({{"table", lake::TextOf(table.name)}, {"snapshots", std::move(list)}});
}

Json PartitionJson(const TableMetadata& metadata, const lake::LiveFile& file) {
  Json json = Json::object();
  const lake::PartitionSpec* spec = metadata.FindSpec(file.spec_id);
  if (spec == nullptr) return json;
  const Type type = lake::PartitionType(*spec, metadata.schema());
  for (size_t i = 0; i < spec->fields.size() && i < file.file.partition.size(); ++i) {
    const Type& field = type.fields()[i].type;
    const Value& value = file.file.partition[i];
    json[spec->fields[i].name] =
        Fits(field, value) ? lake::ValueToJson(field, value) : Json(nullptr);
  }
  return json;
}

Result<http::Response> Files(const TableDependencies& deps, const http::Request& request) {
  const LoadedTable table = TRY(deps.catalog.Load(TableIn(request)));
  const TableMetadata& metadata = *table.metadata;
  Json list = Json::array();
  const Snapshot* snapshot = metadata.current_snapshot();
  if (snapshot != nullptr) {
    const lake::SharedFiles files = TRY(deps.manifests.Read(*snapshot));
    for (const lake::FileContent content :
         {lake::FileContent::kData, lake::FileContent::kPositionDeletes,
          lake::FileContent::kEqualityDeletes})
      for (const lake::SharedFile& live : files->Files(content)) {
        const lake::DataFile& file = live->file;
        Json json = {
            {"path", file.path},
            {"content", content == lake::FileContent::kData              ? "data"
                        : content == lake::FileContent::kPositionDeletes ? "position-deletes"
                                                                         : "equality-deletes"},
            {"format", file.format},
            {"rows", file.record_count},
            {"bytes", file.file_size_bytes},
            {"snapshot_id", std::to_string(live->snapshot_id)},
            {"sequence_number", live->sequence_number},
            {"partition", PartitionJson(metadata, *live)}};
        if (file.referenced_data_file) json["data_file"] = *file.referenced_data_file;
        list.push_back(std::move(json));
      }
  }
  return JsonResponse({{"table", lake::TextOf(table.name)}, {"files", std::move(list)}});
}

// Which snapshot the body names.
Result<int64_t> Wanted(const TableMetadata& metadata, const Json& body) {
  const auto missing = [](std::string what) {
    return MakeError(ErrorKind::kNotFound, std::move(what), "snapshot.not_found");
  };
  const std::string ref = TRY(TextMember(body, "ref"));
  if (!ref.empty()) {
    const lake::SnapshotRef* found = metadata.FindRef(ref);
    if (found == nullptr) return missing("the table has no branch or tag '" + ref + "'");
    return found->snapshot_id;
  }
  const std::string timestamp = TRY(TextMember(body, "timestamp"));
  if (!timestamp.empty()) {
    const Micros time = TRY(ParseRfc3339(timestamp));
    std::optional<int64_t> wanted;
    for (const lake::SnapshotLogEntry& entry : metadata.snapshot_log)
      if (entry.timestamp_ms * 1000 <= time) wanted = entry.snapshot_id;
    if (!wanted) return missing("the table has no snapshot from " + timestamp + " or before");
    return *wanted;
  }
  const auto given = body.find("snapshot_id");
  int64_t id = 0;
  if (given != body.end() && given->is_number_integer()) {
    id = given->get<int64_t>();
  } else if (given != body.end() && given->is_string()) {
    const auto& text = given->get_ref<const std::string&>();
    const auto parsed = std::from_chars(text.data(), text.data() + text.size(), id);
    if (parsed.ec != std::errc() || parsed.ptr != text.data() + text.size())
      return MakeError(ErrorKind::kInvalid, "'" + text + "' is no snapshot's id");
  } else {
    return MakeError(ErrorKind::kInvalid,
                     "say where to: 'snapshot_id', 'timestamp' (2026-11-24T12:00:00Z) or 'ref' (a "
                     "tag or branch)");
  }
  return id;
}

Result<http::Response> Rollback(const TableDependencies& deps, const http::Request& request) {
  const Json body = TRY(ObjectBody(request));
  const LoadedTable table = TRY(deps.catalog.Load(TableIn(request)));
  const TableMetadata& metadata = *table.metadata;
  const int64_t id = TRY(Wanted(metadata, body));
  if (metadata.FindSnapshot(id) == nullptr)
    return MakeError(ErrorKind::kNotFound,
                     "the table has no snapshot " + std::to_string(id) +
                         " (any more); its history lists those there are",
                     "snapshot.not_found");
  Json before = nullptr;
  if (metadata.current_snapshot_id) before = *metadata.current_snapshot_id;
  Json requirements =
      Json::array({{{"type", "assert-table-uuid"}, {"uuid", metadata.uuid}},
                   {{"type", "assert-ref-snapshot-id"}, {"ref", "main"}, {"snapshot-id", before}}});
  Json updates = Json::array({{{"action", "set-snapshot-ref"},
                               {"ref-name", "main"},
                               {"type", "branch"},
                               {"snapshot-id", id}}});
  TRY(deps.catalog.Commit({{table.name, std::move(requirements), std::move(updates)}}));
  return JsonResponse({{"table", lake::TextOf(table.name)},
                       {"snapshot_id", std::to_string(id)},
                       {"before", before.is_null() ? before : Json(DumpJson(before))}});
}

Result<http::Response> Compact(const TableDependencies& deps, const http::Request& request) {
  const Json body = TRY(ObjectBody(request));
  const auto everything = body.find("everything");
  if (everything != body.end() && !everything->is_boolean())
    return MakeError(ErrorKind::kInvalid, "'everything' must be true or false");
  const lake::TableName name = TableIn(request);
  const lake::CompactionReport report =
      TRY(deps.upkeep.Compact(name, everything != body.end() && everything->get<bool>()));
  return JsonResponse({{"table", lake::TextOf(name)},
                       {"snapshot_id", std::to_string(report.snapshot_id)},
                       {"commits", report.commits},
                       {"removed_data_files", report.removed_data_files},
                       {"added_data_files", report.added_data_files},
                       {"removed_delete_files", report.removed_delete_files},
                       {"added_delete_files", report.added_delete_files},
                       {"rows", report.rows}});
}

}  // namespace

void AddTableViews(http::Router& router, const TableDependencies& dependencies) {
  const std::string table = "/api/v1/tables/{dataset}/{table}";
  const auto add = [&](http::Method method, const std::string& pattern, const char* action,
                       auto handler) {
    Add(router, method, pattern, action,
        [deps = dependencies, handler](http::Request& request) { return handler(deps, request); });
  };
  add(http::Method::kGet, "/api/v1/tables", "admin.tables.list", List);
  add(http::Method::kGet, table, "admin.tables.get", Show);
  add(http::Method::kGet, table + "/history", "admin.tables.get", History);
  add(http::Method::kGet, table + "/files", "admin.tables.get", Files);
  add(http::Method::kPost, table + "/rollback", "admin.tables.rollback", Rollback);
  add(http::Method::kPost, table + "/compact", "admin.tables.compact", Compact);
}

}  // namespace caudal::api::admin

namespace caudal::api {

void AddTableRoutes(http::Router& router, const TableDependencies& dependencies) {
  admin::AddTableViews(router, dependencies);
  admin::AddLoadRoutes(router, dependencies.loads);
  admin::AddExportRoutes(router, dependencies.loads, dependencies.exporter);
}

}  // namespace caudal::api
