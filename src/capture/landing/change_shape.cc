#include "capture/landing/change_shape.h"

#include <algorithm>
#include <utility>

#include "data/distinct_names.h"

namespace caudal::capture {
namespace {

// The same type with fields of its own.
class FieldMaker {
 public:
  Field Make(std::string name, const Type& type, bool required = false) {
    Field field;
    field.id = ++last_id_;
    field.name = std::move(name);
    field.type = Renumbered(type);
    field.required = required;
    return field;
  }

 private:
  Type Renumbered(const Type& type) {
    switch (type.kind()) {
      case TypeKind::kStruct: {
        std::vector<Field> fields;
        for (const Field& field : type.fields())
          fields.push_back(Make(field.name, field.type, field.required));
        return Type::Struct(std::move(fields));
      }
      case TypeKind::kList:
        return Type::List(Make("element", type.element().type, type.element().required));
      case TypeKind::kMap: {
        Field key = Make("key", type.key().type, true);
        return Type::Map(std::move(key), Make("value", type.value().type, type.value().required));
      }
      default:
        return type;
    }
  }

  int32_t last_id_ = 0;
};

bool IsFloat(const Type& type) { return type.Is(TypeKind::kFloat) || type.Is(TypeKind::kDouble); }

Type Unrepresentable() {
  const Type text(TypeKind::kString);
  return Type::List(
      {0,
       "",
       Type::Struct({{1, "column", text, true, {}, {}, {}}, {2, "value", text, true, {}, {}, {}}}),
       true,
       {},
       {},
       {}});
}

Type CaudalOf(bool history) {
  const Type text(TypeKind::kString);
  std::vector<Field> fields = {{1, "position", text, true, {}, {}, {}},
                               {2, "committed_at", Type(TypeKind::kTimestampTz), false, {}, {}, {}},
                               {3, "unrepresentable", Unrepresentable(), false, {}, {}, {}}};
  if (history) {
    fields.push_back({4, "before_unrepresentable", Unrepresentable(), false, {}, {}, {}});
    fields.push_back({5, "before_key", text, false, {}, {}, {}});
    fields.push_back(
        {6, "unchanged", Type::List({7, "", text, true, {}, {}, {}}), false, {}, {}, {}});
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
  // Names are the same in both.
  DistinctNames names;
  for (const char* ours : {kKeyText, kOp, kBefore, kCaudal}) names.Next(ours);
  FieldMaker in_replica;
  FieldMaker in_history;
  std::vector<Field> replica;
  std::vector<Field> history;
  std::vector<Field> before;
  std::vector<int32_t> key;
  for (const ChangeColumn& column : columns) {
    const std::string name = names.Next(column.name);
    const bool identifies = column.key && !shape.key_text;
    replica.push_back(in_replica.Make(name, column.type, identifies));
    if (identifies) key.push_back(replica.back().id);
    history.push_back(in_history.Make(name, column.type));
    before.push_back({static_cast<int32_t>(before.size()), name, column.type, false, {}, {}, {}});
  }
  const Type text(TypeKind::kString);
  if (shape.key_text) {
    replica.push_back(in_replica.Make(kKeyText, text, true));
    key = {replica.back().id};
    history.push_back(in_history.Make(kKeyText, text));
  }
  history.push_back(in_history.Make(kOp, text, true));
  if (!before.empty()) history.push_back(in_history.Make(kBefore, Type::Struct(std::move(before))));
  replica.push_back(in_replica.Make(kCaudal, CaudalOf(false), true));
  history.push_back(in_history.Make(kCaudal, CaudalOf(true), true));
  shape.replica = TRY(Schema::Make(0, std::move(replica), std::move(key)));
  shape.history = TRY(Schema::Make(0, std::move(history)));
  return shape;
}

}  // namespace caudal::capture
