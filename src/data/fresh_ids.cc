#include "data/fresh_ids.h"

#include <utility>

namespace caudal {

Type WithFields(const Type& type, std::vector<Field> fields) {
  switch (type.kind()) {
    case TypeKind::kList:
      return Type::List(std::move(fields.at(0)));
    case TypeKind::kMap:
      return Type::Map(std::move(fields.at(0)), std::move(fields.at(1)));
    default:
      CAUDAL_CHECK(type.Is(TypeKind::kStruct), "a nested type");
      return Type::Struct(std::move(fields));
  }
}

Type WithFreshIds(const Type& type, int32_t& next_id, std::map<int32_t, int32_t>* new_ids) {
  if (!type.nested()) return type;
  std::vector<Field> fields = type.fields();
  for (Field& field : fields) {
    if (new_ids != nullptr) (*new_ids)[field.id] = next_id;
    field.id = next_id++;
  }
  for (Field& field : fields) field.type = WithFreshIds(field.type, next_id, new_ids);
  return WithFields(type, std::move(fields));
}

}  // namespace caudal
