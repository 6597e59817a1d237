#include "pipeline/raw_tables.h"

#include <fmt/format.h>

#include <mutex>
#include <optional>
#include <utility>

#include "capture/landing/landing.h"
#include "lake/catalog/locations.h"
#include "lake/format/schema_json.h"
#include "pipeline/column_plan.h"
#include "pipeline/quarantine.h"

namespace caudal::pipeline {
namespace {

using capture::ChangeColumn;

lake::TableChange ChangeOf(const lake::LoadedTable& table, const ColumnPlan& plan) {
  const lake::TableMetadata& metadata = *table.metadata;
  lake::TableChange change;
  change.name = table.name;
  change.requirements = Json::array(
      {{{"type", "assert-table-uuid"}, {"uuid", metadata.uuid}},
       {{"type", "assert-current-schema-id"}, {"current-schema-id", metadata.current_schema_id}}});
  change.updates = Json::array();
  if (!plan.schema.SameAs(metadata.schema())) {
    change.updates.push_back({{"action", "add-schema"},
                              {"schema", lake::SchemaToJson(plan.schema)},
                              {"last-column-id", plan.last_column_id}});
    change.updates.push_back({{"action", "set-current-schema"}, {"schema-id", -1}});
  }
  change.updates.push_back(
      {{"action", "set-properties"}, {"updates", {{kColumnsProperty, TextOf(plan.columns)}}}});
  return change;
}

Result<bool> Fits(const lake::TableMetadata& metadata, const ColumnPlan& plan) {
  if (!plan.schema.SameAs(metadata.schema())) return false;
  return TRY(MappedColumnsOf(metadata)) == plan.columns;
}

}  // namespace

TablePair RawTables::PairOf(std::string_view schema, std::string_view table) const {
  return pipeline::PairOf(options_.dataset, options_.default_schema, schema, table);
}

Result<std::optional<lake::LoadedTable>> RawTables::Find(const lake::TableName& name,
                                                         const std::string& source_table) {
  Result<lake::LoadedTable> loaded = catalog_.Load(name);
  if (!loaded.ok()) {
    if (loaded.error().Is(ErrorKind::kNotFound)) return std::optional<lake::LoadedTable>();
    return std::move(loaded).error();
  }
  const auto& properties = loaded->metadata->properties;
  const auto is = [&](const char* key, const std::string& value) {
    const auto found = properties.find(key);
    return found != properties.end() && found->second == value;
  };
  if (!is(kSourceProperty, options_.source) || !is(kSourceTableProperty, source_table))
    return MakeError(ErrorKind::kConflict,
                     fmt::format("the table '{}' is there and isn't a copy of {} of the source "
                                 "'{}': drop it, or give the source another dataset",
                                 lake::TextOf(name), source_table, options_.source),
                     "pipeline.table_taken");
  return std::optional(std::move(loaded).take());
}

// Where tables of this namespace are.
Result<std::string> RawTables::LocationOf(const lake::Levels& space) {
  const lake::Namespace found = TRY(catalog_.namespaces().Get(space));
  const auto own = found.properties.find("location");
  if (own != found.properties.end()) return own->second;
  return lake::DefaultLocation(catalog_.options().bucket, space);
}

Result<lake::SharedMetadata> RawTables::Make(const lake::TableName& name, const Schema& shape,
                                             const std::vector<ChangeColumn>& columns,
                                             const std::string& source_table,
                                             const lake::Properties& like) {
  lake::Properties where;
  if (name.space.size() > 1) where["location"] = TRY(LocationOf({name.space.front()}));
  Result<lake::Namespace> space = catalog_.namespaces().Create(name.space, std::move(where));
  if (!space.ok() && !space.error().Is(ErrorKind::kAlreadyExists)) return std::move(space).error();
  std::vector<MappedColumn> mapped;
  // A new table's fields at the top get the ids from 1 on.
  for (size_t i = 0; i < columns.size(); ++i)
    mapped.push_back({static_cast<int32_t>(i) + 1, columns[i].source_id, columns[i].name});
  lake::NewTable table;
  table.schema = shape;
  table.properties = like;
  table.properties[kSourceProperty] = options_.source;
  table.properties[kSourceTableProperty] = source_table;
  table.properties[kColumnsProperty] = TextOf(mapped);
  const lake::LoadedTable made = TRY(catalog_.Create(name, std::move(table)));
  return made.metadata;
}

Result<RawTables::Plan> RawTables::PlanTables(const std::string& source_table,
                                              const TablePair& pair,
                                              const std::vector<ChangeColumn>& columns,
                                              const capture::ChangeShape& shape, bool anew) {
  const bool gathering = anew || (options_.gathering && TRY(options_.gathering(source_table)));
  Plan result;
  lake::Properties like;  // of the replica, for the one that takes its place
  for (const lake::TableName* name : {&pair.replica, &pair.history, &pair.next}) {
    if (name == &pair.next && !gathering) continue;
    const bool is_history = name == &pair.history;
    const Schema& wanted = is_history ? shape.history : shape.replica;
    const std::optional<lake::LoadedTable> found = TRY(Find(*name, source_table));
    if (!found) {
      TRY(Make(*name, wanted, columns, source_table, is_history ? lake::Properties() : like));
      continue;
    }
    if (name == &pair.replica) like = found->metadata->properties;
    const TableKind kind = is_history ? TableKind::kHistory : TableKind::kReplica;
    Result<ColumnPlan> plan = PlanColumns(*found->metadata, kind, columns, wanted);
    if (!plan.ok() && gathering && plan.error().code == capture::kKeyChanged) {
      // What is seen stays as it is until the other takes its place.
      if (name == &pair.replica) continue;
      if (anew) {
        result.drop_next = true;
        result.like = like;
        continue;
      }
    }
    if (!plan.ok()) return std::move(plan).error().Within(lake::TextOf(*name));
    if (!TRY(Fits(*found->metadata, *plan))) result.changes.push_back(ChangeOf(*found, *plan));
  }
  return result;
}

Result<Schema> RawTables::Open(const std::string& schema, const std::string& table,
                               const std::vector<ChangeColumn>& columns, bool anew) {
  const capture::ChangeShape shape = TRY(capture::ShapeOf(columns));
  const TablePair pair = PairOf(schema, table);
  const std::string source_table = capture::TableFolder(schema, table);
  const std::scoped_lock lock(next_mutex_);
  Result<Plan> plan = PlanTables(source_table, pair, columns, shape, anew);
  const bool fits = plan.ok() && plan->changes.empty() && !plan->drop_next;
  if (!fits && options_.drain) {
    // What is applied meanwhile may show another replica.
    TRY(options_.drain());
    plan = PlanTables(source_table, pair, columns, shape, anew);
  }
  if (!plan.ok()) return std::move(plan).error();
  if (plan->drop_next) {
    TRY(catalog_.Drop(pair.next, true));
    TRY(Make(pair.next, shape.replica, columns, source_table, plan->like));
  }
  if (!plan->changes.empty()) {
    // The tables' rows may have changed meanwhile, their columns not: requirements hold.
    TRY(catalog_.Commit(plan->changes));
  }
  const lake::LoadedTable history = TRY(catalog_.Load(pair.history));
  const std::vector<MappedColumn> mapped = TRY(MappedColumnsOf(*history.metadata));
  return HistoryLayout(history.metadata->schema(), shape.history, mapped);
}

Result<lake::SharedMetadata> RawTables::DropOld(const std::string& schema,
                                                const std::string& table) {
  const TablePair pair = PairOf(schema, table);
  const std::string source_table = capture::TableFolder(schema, table);
  // Who has it may wait for the thread that calls this.
  const std::unique_lock lock(next_mutex_, std::try_to_lock);
  if (!lock.owns_lock()) return lake::SharedMetadata();
  if (options_.gathering && TRY(options_.gathering(source_table))) return lake::SharedMetadata();
  if (!TRY(Find(pair.next, source_table))) return lake::SharedMetadata();
  const lake::LoadedTable dropped = TRY(catalog_.Drop(pair.next, true));
  return dropped.metadata;
}

Result<void> RawTables::OpenQuarantine(const TablePair& pair, const std::string& source_table) {
  if (TRY(Find(pair.quarantine, source_table))) return {};
  lake::NewTable table;
  table.schema = QuarantineColumns();
  table.properties = {{kSourceProperty, options_.source}, {kSourceTableProperty, source_table}};
  TRY(catalog_.Create(pair.quarantine, std::move(table)));
  return {};
}

}  // namespace caudal::pipeline
