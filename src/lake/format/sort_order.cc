#include "lake/format/sort_order.h"

#include <fmt/format.h>

#include <utility>

#include "lake/format/json_reader.h"
#include "lake/format/source_ids.h"

namespace caudal::lake {
namespace {

Result<bool> OneOf(const JsonReader& reader, const char* key, std::string_view yes,
                   std::string_view no) {
  const std::string text = TRY(reader.Text(key));
  if (text != yes && text != no)
    return reader.Bad(key, fmt::format("must be \"{}\" or \"{}\"", yes, no));
  return text == yes;
}

Result<SortField> FieldFromJson(const Json& json) {
  const JsonReader reader = TRY(JsonReader::Of(json, "sort field"));
  SortField field;
  const std::string transform = TRY(reader.Text("transform"));
  field.transform = TRY(Transform::Parse(transform));
  field.source_ids = TRY(ReadSourceIds(reader));
  field.descending = TRY(OneOf(reader, "direction", "desc", "asc"));
  field.nulls_first = TRY(OneOf(reader, "null-order", "nulls-first", "nulls-last"));
  return field;
}

}  // namespace

Result<void> CheckSortOrder(const SortOrder& order, const Schema& schema) {
  if ((order.id == 0) != order.fields.empty())
    return MakeError(ErrorKind::kInvalid,
                     "sort order: id 0 is that of the order without fields, and of no other");
  for (const SortField& field : order.fields) {
    const Field* source = schema.Find(field.source_id());
    if (source == nullptr)
      return MakeError(ErrorKind::kInvalid,
                       fmt::format("sort order: there is no column with id {}", field.source_id()));
    if (!field.transform.Accepts(source->type))
      return MakeError(ErrorKind::kInvalid,
                       fmt::format("sort order: {} does not take values of column \"{}\"",
                                   field.transform.Text(), source->name));
  }
  return {};
}

Json SortOrderToJson(const SortOrder& order) {
  Json fields = Json::array();
  for (const SortField& field : order.fields) {
    Json json = {{"transform", field.transform.Text()},
                 {"direction", field.descending ? "desc" : "asc"},
                 {"null-order", field.nulls_first ? "nulls-first" : "nulls-last"}};
    if (field.source_ids.size() == 1)
      json["source-id"] = field.source_id();
    else
      json["source-ids"] = field.source_ids;
    fields.push_back(std::move(json));
  }
  return {{"order-id", order.id}, {"fields", std::move(fields)}};
}

Result<SortOrder> SortOrderFromJson(const Json& json) {
  const JsonReader reader = TRY(JsonReader::Of(json, "sort order"));
  SortOrder order;
  order.id = TRY(reader.Int("order-id"));
  const Json* fields = TRY(reader.List("fields"));
  for (const Json& one : *fields) {
    SortField field = TRY(FieldFromJson(one));
    order.fields.push_back(std::move(field));
  }
  return order;
}

}  // namespace caudal::lake
