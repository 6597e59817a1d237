#include "transfer/table_shape.h"

#include <fmt/format.h>

#include "base/log.h"
#include "lake/format/schema_json.h"
#include "lake/format/schema_update.h"

namespace caudal::transfer {
namespace {

Json AssertUuid(const std::string& uuid) { return {{"type", "assert-table-uuid"}, {"uuid", uuid}}; }

}  // namespace

TableShape::~TableShape() {
  if (keep_) return;
  Result<void> undone;
  if (made_) {
    // Only as it was made: what others wrote to it meanwhile stays.
    const Result<lake::LoadedTable> table = catalog_.Load(name_);
    if (table.ok() && table->metadata->uuid == uuid_ && table->metadata->snapshots.empty()) {
      const Result<lake::LoadedTable> dropped = catalog_.Drop(name_, true);
      if (!dropped.ok()) undone = dropped.error();
    }
  } else if (schema_before_) {
    const auto reset = catalog_.Commit(
        {{name_, Json::array({AssertUuid(uuid_)}),
          Json::array({{{"action", "set-current-schema"}, {"schema-id", *schema_before_}}})}});
    if (!reset.ok()) undone = reset.error();
  }
  for (auto space = namespaces_made_.rbegin(); space != namespaces_made_.rend(); ++space)
    (void)catalog_.namespaces().Drop(*space).ok();
  if (!undone.ok())
    LogWarning("a failed load left its table changed",
               {{"table", lake::TextOf(name_)}, {"error", undone.error().message}});
}

Result<std::optional<Schema>> TableShape::Find() {
  Result<lake::LoadedTable> table = catalog_.Load(name_);
  if (table.ok()) {
    uuid_ = table->metadata->uuid;
    return std::optional(table->metadata->schema());
  }
  if (table.error().Is(ErrorKind::kNotFound)) return std::optional<Schema>();
  return std::move(table).error();
}

Result<void> TableShape::MakeNamespace() {
  for (size_t depth = 1; depth <= name_.space.size(); ++depth) {
    const lake::Levels levels(name_.space.begin(),
                              name_.space.begin() + static_cast<ptrdiff_t>(depth));
    Result<lake::Namespace> made = catalog_.namespaces().Create(levels, {});
    if (made.ok())
      namespaces_made_.push_back(levels);
    else if (!made.error().Is(ErrorKind::kAlreadyExists))
      return std::move(made).error();
  }
  return {};
}

Result<void> TableShape::Make(const Schema& schema) {
  TRY(MakeNamespace());
  lake::NewTable table;
  table.schema = schema;
  const lake::LoadedTable made = TRY(catalog_.Create(name_, std::move(table)));
  made_ = true;
  uuid_ = made.metadata->uuid;
  return {};
}

Result<void> TableShape::AddColumns(const std::vector<Field>& fields) {
  const lake::LoadedTable table = TRY(catalog_.Load(name_));
  const lake::TableMetadata& metadata = *table.metadata;
  lake::SchemaUpdate update(metadata.schema(), metadata.last_column_id, metadata.format_version);
  for (const Field& field : fields) TRY(update.Add("", field));
  Json requirements = Json::array(
      {AssertUuid(metadata.uuid),
       {{"type", "assert-current-schema-id"}, {"current-schema-id", metadata.current_schema_id}}});
  Json updates = Json::array({{{"action", "add-schema"},
                               {"schema", lake::SchemaToJson(update.schema())},
                               {"last-column-id", update.last_column_id()}},
                              {{"action", "set-current-schema"}, {"schema-id", -1}}});
  TRY(catalog_.Commit({{name_, std::move(requirements), std::move(updates)}}));
  schema_before_ = metadata.current_schema_id;
  uuid_ = metadata.uuid;
  return {};
}

}  // namespace caudal::transfer
