#include "pipeline/raw_tables.h"

#include <fmt/format.h>

#include <optional>
#include <utility>

#include "capture/landing/landing.h"
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

Result<lake::SharedMetadata> RawTables::Make(const lake::TableName& name, const Schema& shape,
                                             const std::vector<ChangeColumn>& columns,
                                             const std::string& source_table) {
  Result<lake::Namespace> space = catalog_.namespaces().Create(name.space, {});
  if (!space.ok() && !space.error().Is(ErrorKind::kAlreadyExists)) return std::move(space).error();
  std::vector<MappedColumn> mapped;
  // A new table's fields at the top get the ids from 1 on.
  for (size_t i = 0; i < columns.size(); ++i)
    mapped.push_back({static_cast<int32_t>(i) + 1, columns[i].source_id, columns[i].name});
  lake::NewTable table;
  table.schema = shape;
  table.properties = {{kSourceProperty, options_.source},
                      {kSourceTableProperty, source_table},
                      {kColumnsProperty, TextOf(mapped)}};
  const lake::LoadedTable made = TRY(catalog_.Create(name, std::move(table)));
  return made.metadata;
}

Result<Schema> RawTables::Open(const std::string& schema, const std::string& table,
                               const std::vector<ChangeColumn>& columns, bool anew) {
  const capture::ChangeShape shape = TRY(capture::ShapeOf(columns));
  const TablePair pair = PairOf(schema, table);
  const std::string source_table = capture::TableFolder(schema, table);
  lake::SharedMetadata history;
  std::vector<lake::TableChange> changes;
  for (const TableKind kind : {TableKind::kReplica, TableKind::kHistory}) {
    const bool is_history = kind == TableKind::kHistory;
    const lake::TableName& name = is_history ? pair.history : pair.replica;
    const Schema& wanted = is_history ? shape.history : shape.replica;
    const std::optional<lake::LoadedTable> found = TRY(Find(name, source_table));
    lake::SharedMetadata metadata;
    if (!found) {
      metadata = TRY(Make(name, wanted, columns, source_table));
    } else {
      metadata = found->metadata;
      Result<ColumnPlan> plan = PlanColumns(*metadata, kind, columns, wanted);
      if (!plan.ok() && anew && plan.error().code == capture::kKeyChanged) {
        // What is in it is in the history, and its rows are read again.
        if (options_.drain) TRY(options_.drain());
        TRY(catalog_.Drop(name, true));
        TRY(Make(name, wanted, columns, source_table));
        continue;
      }
      if (!plan.ok()) return std::move(plan).error().Within(lake::TextOf(name));
      if (!TRY(Fits(*metadata, *plan))) changes.push_back(ChangeOf(*found, *plan));
    }
    if (is_history) history = std::move(metadata);
  }
  if (!changes.empty()) {
    if (options_.drain) TRY(options_.drain());
    // The tables' rows may have changed meanwhile, their columns not: requirements hold.
    const std::vector<lake::LoadedTable> changed = TRY(catalog_.Commit(changes));
    for (const lake::LoadedTable& one : changed)
      if (one.name == pair.history) history = one.metadata;
  }
  const std::vector<MappedColumn> mapped = TRY(MappedColumnsOf(*history));
  return HistoryLayout(history->schema(), shape.history, mapped);
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
