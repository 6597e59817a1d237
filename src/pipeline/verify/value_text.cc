#include "pipeline/verify/value_text.h"

#include "data/field.h"
#include "lake/format/bounds.h"

namespace caudal::pipeline {
namespace {

Json JsonOf(const Array& column, int64_t row) {
  if (column.IsNull(row)) return nullptr;
  const Type& type = column.type();
  const std::vector<Array>& parts = column.children();
  if (type.Is(TypeKind::kStruct)) {
    Json json = Json::object();
    for (size_t i = 0; i < parts.size(); ++i) json[type.fields()[i].name] = JsonOf(parts[i], row);
    return json;
  }
  if (type.nested()) {
    Json json = Json::array();
    const int32_t* at = column.offsets() + row;
    for (int32_t item = at[0]; item < at[1]; ++item) {
      if (parts.size() == 1)
        json.push_back(JsonOf(parts[0], item));
      else
        json.push_back(Json::array({JsonOf(parts[0], item), JsonOf(parts[1], item)}));
    }
    return json;
  }
  return lake::ValueToJson(type, column.At(row));
}

}  // namespace

Json TextOfValue(const Array& column, int64_t row) {
  Json json = JsonOf(column, row);
  if (json.is_null() || json.is_string()) return json;
  return DumpJson(json);
}

std::string SourceTextOf(const Array& column, int64_t row) {
  const Json json = JsonOf(column, row);
  std::string text = json.is_string() ? json.get<std::string>() : DumpJson(json);
  const bool bytes = column.type().Is(TypeKind::kBinary) || column.type().Is(TypeKind::kFixed);
  return bytes ? "\\x" + text : text;
}

}  // namespace caudal::pipeline
