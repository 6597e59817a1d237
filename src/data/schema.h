// The columns of a table or a file: fields with ids, found by id or by name.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "data/field.h"

namespace caudal {

// Immutable; copies share everything. Pointers into it last as long as one of the copies.
class Schema {
 public:
  static constexpr int kDepthMax = 64;
  // Ids above are those of metadata columns: no table's field may have one.
  static constexpr int32_t kFieldIdMax = 2147483447;

  Schema();  // of no fields
  // kInvalid when two fields share an id or (in one struct) a name, a name is empty, an id is
  // negative, types nest too deep, or an identifier field is missing, optional, floating-point or
  // inside a list or map.
  static Result<Schema> Make(int32_t id, std::vector<Field> fields,
                             std::vector<int32_t> identifier_field_ids = {});

  int32_t id() const { return id_; }
  const std::vector<Field>& fields() const;
  const std::vector<int32_t>& identifier_field_ids() const;
  Type type() const;                 // as a struct
  int32_t highest_field_id() const;  // of nested fields too; 0 without fields
  Schema WithId(int32_t schema_id) const;

  // Null when there is none. A nested field's name is "point.x", "tags.element", "props.value.a".
  const Field* Find(int32_t field_id) const;
  const Field* FindByName(std::string_view full_name) const;
  // Letters of any case (ASCII); null when none or several match.
  const Field* FindIgnoringCase(std::string_view full_name) const;
  std::string_view FullNameOf(int32_t field_id) const;  // empty when there is none
  // The field it is directly in; null at the top, or when there is none.
  const Field* ParentOf(int32_t field_id) const;
  // Every field, nested ones too, each before its parts.
  std::vector<const Field*> AllFields() const;

  // Fields and identifier fields are the same; schema ids don't count.
  bool SameAs(const Schema& other) const;
  bool operator==(const Schema& other) const { return id_ == other.id_ && SameAs(other); }

 private:
  struct Index;
  class Builder;

  int32_t id_ = 0;
  std::shared_ptr<const Index> index_;
};

}  // namespace caudal
