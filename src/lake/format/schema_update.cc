#include "lake/format/schema_update.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "data/fresh_ids.h"

namespace caudal::lake {
namespace {

Error Bad(std::string_view column, std::string_view why) {
  return MakeError(ErrorKind::kInvalid, fmt::format("column \"{}\" {}", column, why));
}

// `type` with the parts of its field `id` (of any depth) replaced.
Type ReplaceParts(const Type& type, int32_t id, const std::vector<Field>& parts) {
  if (!type.nested()) return type;
  std::vector<Field> fields = type.fields();
  for (Field& field : fields)
    field.type =
        field.id == id ? WithFields(field.type, parts) : ReplaceParts(field.type, id, parts);
  return WithFields(type, std::move(fields));
}

std::vector<Field>::iterator Find(std::vector<Field>& fields, int32_t id) {
  return std::ranges::find(fields, id, &Field::id);
}

}  // namespace

SchemaUpdate::SchemaUpdate(Schema base, int32_t last_column_id, int format_version)
    : schema_(std::move(base)), last_column_id_(last_column_id), format_version_(format_version) {}

Result<const Field*> SchemaUpdate::Require(std::string_view name) const {
  const Field* field = schema_.FindByName(name);
  if (field == nullptr) return Bad(name, "does not exist");
  return field;
}

Result<void> SchemaUpdate::Rebuild(std::optional<int32_t> parent_id, std::vector<Field> fields) {
  if (parent_id) fields = ReplaceParts(schema_.type(), *parent_id, fields).fields();
  schema_ = TRY(Schema::Make(schema_.id(), std::move(fields), schema_.identifier_field_ids()));
  return {};
}

// Calls change(fields, position) with the parts of the struct, list or map that the field is in.
template <class Change>
Result<void> SchemaUpdate::ChangeSiblings(std::string_view name, Change&& change) {
  const Field* field = TRY(Require(name));
  const Field* parent = schema_.ParentOf(field->id);
  std::vector<Field> fields = parent != nullptr ? parent->type.fields() : schema_.fields();
  const auto parent_id = parent != nullptr ? std::optional(parent->id) : std::nullopt;
  TRY(change(fields, Find(fields, field->id)));
  return Rebuild(parent_id, std::move(fields));
}

template <class Change>
Result<void> SchemaUpdate::ChangeField(std::string_view name, Change&& change) {
  return ChangeSiblings(
      name, [&](std::vector<Field>&, std::vector<Field>::iterator at) { return change(*at); });
}

Result<void> SchemaUpdate::Add(std::string_view parent_name, Field field) {
  const Field* parent = nullptr;
  if (!parent_name.empty()) {
    parent = TRY(Require(parent_name));
    while (parent->type.Is(TypeKind::kList) || parent->type.Is(TypeKind::kMap))
      parent = &parent->type.fields().back();
    if (!parent->type.Is(TypeKind::kStruct))
      return Bad(parent_name, "is no struct that columns could be added to");
  }
  if (field.required && !field.initial_default)
    return Bad(field.name, "is required: rows that are there already need a default for it");
  if (field.initial_default && format_version_ < 3)
    return Bad(field.name, "has an initial default, which needs format version 3");
  if (field.type.format_version_min() > format_version_)
    return Bad(field.name, fmt::format("is of type {}, which needs format version {}",
                                       field.type.Text(), field.type.format_version_min()));
  field.id = ++last_column_id_;
  int32_t next_id = last_column_id_ + 1;
  field.type = WithFreshIds(field.type, next_id, nullptr);
  last_column_id_ = next_id - 1;
  std::vector<Field> fields = parent != nullptr ? parent->type.fields() : schema_.fields();
  fields.push_back(std::move(field));
  return Rebuild(parent != nullptr ? std::optional(parent->id) : std::nullopt, std::move(fields));
}

Result<void> SchemaUpdate::Drop(std::string_view name) {
  const Field* field = TRY(Require(name));
  const Field* parent = schema_.ParentOf(field->id);
  if (parent != nullptr && !parent->type.Is(TypeKind::kStruct))
    return Bad(name, "is part of a list or map, and can't be dropped alone");
  for (const int32_t id : schema_.identifier_field_ids())
    for (const Field* one = schema_.Find(id); one != nullptr; one = schema_.ParentOf(one->id))
      if (one->id == field->id) return Bad(name, "identifies rows, and can't be dropped");
  return ChangeSiblings(name, [](std::vector<Field>& fields, std::vector<Field>::iterator at) {
    fields.erase(at);
    return Result<void>();
  });
}

Result<void> SchemaUpdate::Rename(std::string_view name, std::string new_name) {
  const Field* field = TRY(Require(name));
  const Field* parent = schema_.ParentOf(field->id);
  if (parent != nullptr && !parent->type.Is(TypeKind::kStruct))
    return Bad(name, "is part of a list or map, whose names are fixed");
  return ChangeField(name, [&](Field& one) {
    one.name = std::move(new_name);
    return Result<void>();
  });
}

Result<void> SchemaUpdate::Widen(std::string_view name, const Type& to) {
  const Field* field = TRY(Require(name));
  for (const Field* one = field; one != nullptr; one = schema_.ParentOf(one->id)) {
    const Field* parent = schema_.ParentOf(one->id);
    if (parent != nullptr && parent->type.Is(TypeKind::kMap) && parent->type.key().id == one->id)
      return Bad(name, "is in a map's key, whose type can't change");
  }
  if (field->type == to) return {};
  if (!CanPromote(field->type, to, format_version_))
    return Bad(name, fmt::format("is of type {}, which can't be widened to {}", field->type.Text(),
                                 to.Text()));
  return ChangeField(name, [&](Field& one) {
    one.type = to;
    return Result<void>();
  });
}

Result<void> SchemaUpdate::MakeOptional(std::string_view name) {
  return ChangeField(name, [&](Field& one) {
    if (one.name == "key" && name.ends_with(".key")) {
      const Field* parent = schema_.ParentOf(one.id);
      if (parent != nullptr && parent->type.Is(TypeKind::kMap))
        return Result<void>(Bad(name, "is a map's key, which is never null"));
    }
    one.required = false;
    return Result<void>();
  });
}

Result<void> SchemaUpdate::SetDoc(std::string_view name, std::string doc) {
  return ChangeField(name, [&](Field& one) {
    one.doc = std::move(doc);
    return Result<void>();
  });
}

Result<void> SchemaUpdate::MoveFirst(std::string_view name) {
  const Field* field = TRY(Require(name));
  const Field* parent = schema_.ParentOf(field->id);
  if (parent != nullptr && !parent->type.Is(TypeKind::kStruct))
    return Bad(name, "is part of a list or map, and can't be moved");
  return ChangeSiblings(name, [](std::vector<Field>& fields, std::vector<Field>::iterator at) {
    std::rotate(fields.begin(), at, at + 1);
    return Result<void>();
  });
}

Result<void> SchemaUpdate::MoveAfter(std::string_view name, std::string_view sibling) {
  const Field* field = TRY(Require(name));
  const Field* before = TRY(Require(sibling));
  const Field* parent = schema_.ParentOf(field->id);
  if (field == before || parent != schema_.ParentOf(before->id) ||
      (parent != nullptr && !parent->type.Is(TypeKind::kStruct)))
    return Bad(name,
               fmt::format("can't be moved behind \"{}\": it is not in the same struct", sibling));
  const int32_t before_id = before->id;
  return ChangeSiblings(name, [&](std::vector<Field>& fields, std::vector<Field>::iterator at) {
    const auto target = Find(fields, before_id);
    if (at < target)
      std::rotate(at, at + 1, target + 1);
    else
      std::rotate(target + 1, at, at + 1);
    return Result<void>();
  });
}

Result<void> SchemaUpdate::SetIdentifier(const std::vector<std::string>& names) {
  std::vector<int32_t> ids;
  for (const std::string& name : names) {
    const Field* field = TRY(Require(name));
    ids.push_back(field->id);
  }
  schema_ = TRY(Schema::Make(schema_.id(), schema_.fields(), std::move(ids)));
  return {};
}

}  // namespace caudal::lake
