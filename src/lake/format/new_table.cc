#include "lake/format/new_table.h"

#include <utility>

#include "data/fresh_ids.h"
#include "lake/format/metadata_builder.h"

namespace caudal::lake {
namespace {

// Where a source column isn't in the map, the spec's check names it.
void Rename(std::vector<int32_t>& source_ids, const std::map<int32_t, int32_t>& new_ids) {
  for (int32_t& id : source_ids) {
    const auto found = new_ids.find(id);
    id = found == new_ids.end() ? -1 : found->second;
  }
}

Result<int> FormatVersion(std::map<std::string, std::string>& properties) {
  const auto found = properties.find("format-version");
  if (found == properties.end()) return 2;
  const std::string text = found->second;
  properties.erase(found);
  if (text == "2") return 2;
  if (text == "3") return 3;
  return MakeError(ErrorKind::kUnsupported,
                   "new tables of format version " + text.substr(0, 20) + "; take 2 or 3");
}

}  // namespace

Result<Schema> AssignFreshIds(const Schema& schema, int32_t& next_id,
                              std::map<int32_t, int32_t>* new_ids) {
  std::map<int32_t, int32_t> ids;
  const Type type = WithFreshIds(schema.type(), next_id, &ids);
  std::vector<int32_t> identifiers;
  for (const int32_t id : schema.identifier_field_ids()) identifiers.push_back(ids.at(id));
  if (new_ids != nullptr) *new_ids = std::move(ids);
  return Schema::Make(schema.id(), type.fields(), std::move(identifiers));
}

Result<TableMetadata> MakeTableMetadata(const NewTable& table, int64_t now_ms) {
  std::map<std::string, std::string> properties = table.properties;
  const int version = TRY(FormatVersion(properties));
  int32_t next_id = 1;
  std::map<int32_t, int32_t> new_ids;
  const Schema schema = TRY(AssignFreshIds(table.schema, next_id, &new_ids));
  PartitionSpec spec = table.spec;
  int32_t partition_id = PartitionSpec::kFirstFieldId;
  for (PartitionField& field : spec.fields) {
    field.field_id = partition_id++;
    Rename(field.source_ids, new_ids);
  }
  SortOrder order = table.order;
  for (SortField& field : order.fields) Rename(field.source_ids, new_ids);
  MetadataBuilder builder;
  TRY(builder.AssignUuid(table.uuid));
  TRY(builder.UpgradeFormatVersion(version));
  TRY(builder.SetLocation(table.location));
  TRY(builder.AddSchema(schema));
  TRY(builder.SetCurrentSchema(MetadataBuilder::kLastAdded));
  TRY(builder.AddSpec(std::move(spec)));
  TRY(builder.SetDefaultSpec(MetadataBuilder::kLastAdded));
  TRY(builder.AddSortOrder(std::move(order)));
  TRY(builder.SetDefaultSortOrder(MetadataBuilder::kLastAdded));
  builder.SetProperties(properties);
  return builder.Build(now_ms);
}

}  // namespace caudal::lake
