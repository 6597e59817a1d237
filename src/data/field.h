// A named part of a struct, list or map.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "data/type.h"

namespace caudal {

struct Field {
  int32_t id = 0;  // unique in its schema; never given to another field
  std::string name;
  Type type{TypeKind::kUnknown};
  bool required = false;  // never null
  std::string doc;
  // JSON text in Iceberg's single-value form; nothing: null. The first is what rows have that were
  // written before the field was; the second what a writer takes that has no value.
  std::optional<std::string> initial_default;
  std::optional<std::string> write_default;

  bool operator==(const Field&) const = default;
};

}  // namespace caudal
