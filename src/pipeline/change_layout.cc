#include "pipeline/change_layout.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>
#include <utility>

#include "capture/landing/change_shape.h"
#include "pipeline/column_map.h"

namespace caudal::pipeline {
namespace {

Error Missing(std::string_view name) {
  return MakeError(ErrorKind::kCorrupt,
                   fmt::format("the tables of the source don't go together at the column \"{}\": "
                               "another program changed them",
                               name));
}

Result<Field> Part(const Field& of, std::string_view name) {
  const auto& fields = of.type.fields();
  const auto found = std::ranges::find(fields, name, &Field::name);
  if (found == fields.end()) return Missing(of.name + "." + std::string(name));
  return *found;
}

Result<Field> Top(const Schema& schema, std::string_view name) {
  const auto found = std::ranges::find(schema.fields(), name, &Field::name);
  if (found == schema.fields().end()) return Missing(name);
  return *found;
}

std::map<std::string, FormerName, std::less<>> FormerNames(const lake::TableMetadata& history,
                                                           const ChangeLayout& layout) {
  std::map<std::string, FormerName, std::less<>> names;
  std::map<std::string, int32_t, std::less<>> of;
  for (const Schema& schema : history.schemas)
    for (const Field& field : schema.fields()) {
      const auto [known, is_new] = of.try_emplace(field.name, field.id);
      FormerName& name = names[field.name];
      if (!is_new && known->second != field.id) name.ambiguous = true;
      const auto& read = layout.read.fields();
      for (size_t i = 0; i < layout.columns; ++i)
        if (read[i].id == field.id) name.place = i;
    }
  return names;
}

}  // namespace

Result<ChangeLayout> ChangeLayoutOf(const lake::TableMetadata& replica,
                                    const lake::TableMetadata& history, ChangeAge age) {
  ChangeLayout layout;
  layout.replica = replica.schema();
  const std::vector<MappedColumn> ours = TRY(MappedColumnsOf(replica));
  const std::vector<MappedColumn> theirs = TRY(MappedColumnsOf(history));
  const std::vector<int32_t>& identifiers = layout.replica.identifier_field_ids();
  std::vector<Field> read;
  std::vector<Field> key_before;
  std::vector<Field> all_before;
  const Field before_all = ours.empty() ? Field() : TRY(Top(history.schema(), capture::kBefore));
  for (const Field& field : layout.replica.fields()) {
    if (field.name == capture::kCaudal) continue;
    const size_t place = read.size();
    const bool identifies = std::ranges::find(identifiers, field.id) != identifiers.end();
    if (field.name == capture::kKeyText &&
        history.schema().FindByName(capture::kKeyText) == nullptr) {
      layout.row_key = true;
      continue;
    }
    if (identifies) layout.key.push_back(place);
    if (field.name == capture::kKeyText) {
      layout.key_text = true;
      Field text = TRY(Top(history.schema(), capture::kKeyText));
      read.push_back(std::move(text));
      continue;
    }
    const auto mapped = std::ranges::find(ours, field.id, &MappedColumn::field);
    if (mapped == ours.end()) return Missing(field.name);
    const auto other = std::ranges::find(theirs, mapped->source, &MappedColumn::source);
    const Field* column = other == theirs.end() ? nullptr : history.schema().Find(other->field);
    if (column == nullptr) return Missing(field.name);
    read.push_back(*column);
    Field part = TRY(Part(before_all, column->name));
    if (identifies) key_before.push_back(part);
    all_before.push_back(std::move(part));
  }
  if (layout.replica.fields().empty() || layout.replica.fields().back().name != capture::kCaudal)
    return Missing(capture::kCaudal);
  layout.columns = read.size();
  layout.op = read.size();
  Field op = TRY(Top(history.schema(), capture::kOp));
  read.push_back(std::move(op));
  if (layout.has_before()) {
    layout.before = read.size();
    Field before = before_all;
    before.type = Type::Struct(layout.row_key ? std::move(all_before) : std::move(key_before));
    read.push_back(std::move(before));
  }
  layout.caudal = read.size();
  Field caudal = TRY(Top(history.schema(), capture::kCaudal));
  std::vector<Field> parts;
  for (const char* name : {"position", "committed_at", "unrepresentable", "before_key", "unchanged",
                           "before_unrepresentable"}) {
    Field part = TRY(Part(caudal, name));
    parts.push_back(std::move(part));
  }
  caudal.type = Type::Struct(std::move(parts));
  read.push_back(std::move(caudal));
  layout.read = TRY(Schema::Make(history.schema().id(), std::move(read)));
  if (age == ChangeAge::kAny) layout.former_names = FormerNames(history, layout);
  return layout;
}

}  // namespace caudal::pipeline
