#include "data/schema.h"

#include <fmt/format.h>

#include <algorithm>
#include <unordered_map>
#include <utility>

namespace caudal {
namespace {

std::string LowerCase(std::string_view text) {
  std::string lower(text);
  for (char& c : lower)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return lower;
}

Error Bad(std::string message) {
  return MakeError(ErrorKind::kInvalid, "schema: " + std::move(message));
}

}  // namespace

struct Schema::Index {
  struct Place {
    const Field* field;
    const Field* parent;
    std::string full_name;
  };
  Type root = Type::Struct({});
  std::vector<int32_t> identifiers;
  std::vector<const Field*> order;
  std::unordered_map<int32_t, Place> by_id;
  std::unordered_map<std::string, const Field*> by_name;
  std::unordered_map<std::string, const Field*> by_lower_name;  // null: several
  int32_t highest_id = 0;
};

// Walks the fields once and fills the index.
class Schema::Builder {
 public:
  explicit Builder(Index& index) : index_(index) {}

  Result<void> Add(const Type& type, const Field* parent, const std::string& prefix, int depth) {
    if (depth > kDepthMax) return Bad(fmt::format("types nest deeper than {} levels", kDepthMax));
    for (const Field& field : type.fields()) {
      TRY(AddField(field, parent, prefix));
      if (field.type.nested()) TRY(Add(field.type, &field, prefix + field.name + ".", depth + 1));
    }
    return {};
  }

  Result<void> CheckIdentifier(int32_t id) {
    const auto place = index_.by_id.find(id);
    if (place == index_.by_id.end())
      return Bad(fmt::format("identifier field {} does not exist", id));
    const Field& field = *place->second.field;
    const auto refuse = [&](std::string_view why) {
      return Bad(fmt::format("identifier field \"{}\" {}", place->second.full_name, why));
    };
    if (field.type.nested() || !field.type.writable()) return refuse("is not of a simple type");
    if (field.type.Is(TypeKind::kFloat) || field.type.Is(TypeKind::kDouble))
      return refuse("is floating-point");
    if (!field.required) return refuse("is not required");
    const Field* parent = place->second.parent;
    while (parent != nullptr) {
      if (!parent->type.Is(TypeKind::kStruct)) return refuse("is inside a list or map");
      if (!parent->required) return refuse("is inside an optional struct");
      parent = index_.by_id.at(parent->id).parent;
    }
    return {};
  }

 private:
  Result<void> AddField(const Field& field, const Field* parent, const std::string& prefix) {
    std::string full_name = prefix + field.name;
    if (field.name.empty()) return Bad(fmt::format("field {} has an empty name", field.id));
    if (field.id < 0)
      return Bad(fmt::format("field \"{}\" has the negative id {}", full_name, field.id));
    if (!index_.by_name.emplace(full_name, &field).second)
      return Bad(fmt::format("there are two fields \"{}\"", full_name));
    const auto lower = index_.by_lower_name.emplace(LowerCase(full_name), &field);
    if (!lower.second) lower.first->second = nullptr;
    const auto [place, added] =
        index_.by_id.emplace(field.id, Index::Place{&field, parent, full_name});
    if (!added)
      return Bad(fmt::format("fields \"{}\" and \"{}\" have the same id {}",
                             place->second.full_name, full_name, field.id));
    index_.order.push_back(&field);
    index_.highest_id = std::max(index_.highest_id, field.id);
    return {};
  }

  Index& index_;
};

Schema::Schema() {
  static const auto kEmpty = std::make_shared<const Index>();
  index_ = kEmpty;
}

Result<Schema> Schema::Make(int32_t id, std::vector<Field> fields,
                            std::vector<int32_t> identifier_field_ids) {
  auto index = std::make_shared<Index>();
  index->root = Type::Struct(std::move(fields));
  Builder builder(*index);
  TRY(builder.Add(index->root, nullptr, "", 1));
  std::ranges::sort(identifier_field_ids);
  const auto repeated = std::ranges::unique(identifier_field_ids);
  identifier_field_ids.erase(repeated.begin(), repeated.end());
  for (const int32_t identifier : identifier_field_ids) TRY(builder.CheckIdentifier(identifier));
  index->identifiers = std::move(identifier_field_ids);
  Schema schema;
  schema.id_ = id;
  schema.index_ = std::move(index);
  return schema;
}

const std::vector<Field>& Schema::fields() const { return index_->root.fields(); }
const std::vector<int32_t>& Schema::identifier_field_ids() const { return index_->identifiers; }
Type Schema::type() const { return index_->root; }
int32_t Schema::highest_field_id() const { return index_->highest_id; }

Schema Schema::WithId(int32_t schema_id) const {
  Schema copy = *this;
  copy.id_ = schema_id;
  return copy;
}

const Field* Schema::Find(int32_t field_id) const {
  const auto place = index_->by_id.find(field_id);
  return place == index_->by_id.end() ? nullptr : place->second.field;
}

const Field* Schema::FindByName(std::string_view full_name) const {
  const auto found = index_->by_name.find(std::string(full_name));
  return found == index_->by_name.end() ? nullptr : found->second;
}

const Field* Schema::FindIgnoringCase(std::string_view full_name) const {
  const auto found = index_->by_lower_name.find(LowerCase(full_name));
  return found == index_->by_lower_name.end() ? nullptr : found->second;
}

std::string_view Schema::FullNameOf(int32_t field_id) const {
  const auto place = index_->by_id.find(field_id);
  return place == index_->by_id.end() ? std::string_view() : place->second.full_name;
}

const Field* Schema::ParentOf(int32_t field_id) const {
  const auto place = index_->by_id.find(field_id);
  return place == index_->by_id.end() ? nullptr : place->second.parent;
}

std::vector<const Field*> Schema::AllFields() const { return index_->order; }

bool Schema::SameAs(const Schema& other) const {
  return index_ == other.index_ ||
         (index_->root == other.index_->root && index_->identifiers == other.index_->identifiers);
}

}  // namespace caudal
