#include "lake/format/position_deletes.h"

namespace caudal::lake {

const Schema& PositionDeleteSchema() {
  static const Schema schema = [] {
    Field path;
    path.id = kDeletedPathId;
    path.name = "file_path";
    path.required = true;
    path.type = Type(TypeKind::kString);
    Field position;
    position.id = kDeletedPositionId;
    position.name = "pos";
    position.required = true;
    position.type = Type(TypeKind::kLong);
    return Schema::Make(0, {std::move(path), std::move(position)}).value();
  }();
  return schema;
}

}  // namespace caudal::lake
