#include "capture/landing/change_shape.h"

#include <algorithm>
#include <utility>

#include "data/distinct_names.h"
#include "data/fresh_ids.h"

namespace caudal::capture {
namespace {

// Ids are given when all is there: WithFreshIds.
Field Make(std::string name, Type type, bool required = false) {
  return {0, std::move(name), std::move(type), required, {}, {}, {}};
}

// `key`: the places of the identifier fields.
Result<Schema> SchemaOf(std::vector<Field> fields, const std::vector<size_t>& key) {
  int32_t next_id = 1;
  const Type numbered = WithFreshIds(Type::Struct(std::move(fields)), next_id, nullptr);
  std::vector<int32_t> identifiers;
  identifiers.reserve(key.size());
  for (const size_t place : key) identifiers.push_back(numbered.fields()[place].id);
  return Schema::Make(0, numbered.fields(), std::move(identifiers));
}

bool IsFloat(const Type& type) { return type.Is(TypeKind::kFloat) || type.Is(TypeKind::kDouble); }

Type Unrepresentable() {
  const Type text(TypeKind::kString);
  return Type::List(
      Make("", Type::Struct({Make("column", text, true), Make("value", text, true)}), true));
}

Type CaudalOf(bool history) {
  const Type text(TypeKind::kString);
  std::vector<Field> fields = {Make("position", text, true),
                               Make("committed_at", Type(TypeKind::kTimestampTz)),
                               Make("unrepresentable", Unrepresentable())};
  if (history) {
    fields.push_back(Make("before_unrepresentable", Unrepresentable()));
    fields.push_back(Make("before_key", text));
    fields.push_back(Make("unchanged", Type::List(Make("", text, true))));
  }
  return Type::Struct(std::move(fields));
}

}  // namespace

Result<ChangeShape> ShapeOf(const std::vector<ChangeColumn>& columns) {
  ChangeShape shape;
  shape.columns = columns.size();
  shape.key_text = std::ranges::any_of(columns, [](const ChangeColumn& column) {
    return column.key && (column.inexact || IsFloat(column.type));
  });
  shape.row_key = std::ranges::none_of(columns, &ChangeColumn::key);
  // Names are the same in both.
  DistinctNames names;
  for (const char* ours : {kKeyText, kOp, kBefore, kCaudal}) names.Next(ours);
  std::vector<Field> replica;
  std::vector<Field> history;
  std::vector<Field> before;
  std::vector<size_t> key;
  for (const ChangeColumn& column : columns) {
    const std::string name = names.Next(column.name);
    const bool identifies = column.key && !shape.key_text;
    if (identifies) key.push_back(replica.size());
    replica.push_back(Make(name, column.type, identifies));
    history.push_back(Make(name, column.type));
    before.push_back(Make(name, column.type));
  }
  const Type text(TypeKind::kString);
  if (shape.key_text || shape.row_key) {
    key = {replica.size()};
    replica.push_back(Make(kKeyText, text, true));
  }
  if (shape.key_text) history.push_back(Make(kKeyText, text));
  history.push_back(Make(kOp, text, true));
  if (!before.empty()) history.push_back(Make(kBefore, Type::Struct(std::move(before))));
  replica.push_back(Make(kCaudal, CaudalOf(false), true));
  history.push_back(Make(kCaudal, CaudalOf(true), true));
  shape.replica = TRY(SchemaOf(std::move(replica), key));
  shape.history = TRY(SchemaOf(std::move(history), {}));
  return shape;
}

Result<Schema> SnapshotColumnsOf(const Schema& history, bool unrepresentable) {
  std::vector<Field> fields;
  for (const Field& field : history.fields()) {
    if (field.name == kBefore) continue;
    fields.push_back(field);
    if (field.name != kCaudal) continue;
    std::vector<Field> parts = field.type.fields();
    std::erase_if(parts, [&](const Field& part) {
      return part.name != "position" && !(unrepresentable && part.name == "unrepresentable");
    });
    fields.back().type = Type::Struct(std::move(parts));
  }
  return Schema::Make(history.id(), std::move(fields), {});
}

}  // namespace caudal::capture
