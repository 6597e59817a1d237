#include "pipeline/column_map.h"

#include "data/json.h"

namespace caudal::pipeline {

std::string TextOf(const std::vector<MappedColumn>& columns) {
  Json list = Json::array();
  for (const MappedColumn& column : columns)
    list.push_back({{"field", column.field}, {"source", column.source}, {"name", column.name}});
  return DumpJson(list);
}

Result<std::vector<MappedColumn>> MappedColumnsOf(const lake::TableMetadata& metadata) {
  std::vector<MappedColumn> columns;
  const auto property = metadata.properties.find(kColumnsProperty);
  if (property == metadata.properties.end()) return columns;
  const Json list =
      TRY(ParseJson(property->second, std::string("the property ") + kColumnsProperty));
  const auto bad = [] {
    return MakeError(ErrorKind::kCorrupt,
                     std::string("the table's property ") + kColumnsProperty +
                         " isn't what Caudal writes: it was changed by another program");
  };
  if (!list.is_array()) return bad();
  for (const Json& one : list) {
    if (!one.is_object() || !one.contains("field") || !one["field"].is_number_integer() ||
        !one.contains("source") || !one["source"].is_number_integer() || !one.contains("name") ||
        !one["name"].is_string())
      return bad();
    MappedColumn column{one["field"].get<int32_t>(), one["source"].get<int32_t>(),
                        one["name"].get<std::string>()};
    if (metadata.schema().Find(column.field) != nullptr) columns.push_back(std::move(column));
  }
  return columns;
}

}  // namespace caudal::pipeline
