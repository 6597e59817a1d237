// Field ids for files that were written without them: the table property
// schema.name-mapping.default.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace caudal::lake {

inline constexpr std::string_view kNameMappingProperty = "schema.name-mapping.default";

struct MappedField {
  std::vector<std::string> names;   // any of them; a name may have dots in it
  std::optional<int32_t> field_id;  // none: the file's column is none of the table's
  std::vector<MappedField> fields;  // of a struct's, list's ("element") or map's ("key", "value")
  bool operator==(const MappedField&) const = default;
};

// kInvalid, naming what is wrong, also when two fields beside each other share a name.
Result<std::vector<MappedField>> ParseNameMapping(std::string_view json);

// Null when no field has the name.
const MappedField* FindByName(const std::vector<MappedField>& fields, std::string_view name);

}  // namespace caudal::lake
