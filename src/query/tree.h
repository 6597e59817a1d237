// Parts of a parse tree's objects.
#pragma once

#include <string>

#include "data/json.h"

namespace caudal::query {

// Empty when there is none, or it is no text.
inline std::string Text(const Json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

// Null when there is none, or it is null.
inline const Json* Member(const Json& object, const char* key) {
  const auto found = object.find(key);
  return found == object.end() || found->is_null() ? nullptr : &*found;
}

}  // namespace caudal::query
