#include "lake/format/json_reader.h"

#include <fmt/format.h>

#include <limits>

namespace caudal::lake {

std::optional<int64_t> AsLong(const Json& json) {
  if (!json.is_number_integer()) return std::nullopt;
  if (json.is_number_unsigned() &&
      json.get<uint64_t>() > uint64_t{std::numeric_limits<int64_t>::max()})
    return std::nullopt;
  return json.get<int64_t>();
}

std::optional<int32_t> AsInt(const Json& json) {
  const auto number = AsLong(json);
  if (!number || *number != static_cast<int32_t>(*number)) return std::nullopt;
  return static_cast<int32_t>(*number);
}

Result<JsonReader> JsonReader::Of(const Json& json, std::string_view what) {
  if (!json.is_object())
    return MakeError(ErrorKind::kInvalid, fmt::format("{} must be a JSON object", what));
  return JsonReader(json, what);
}

Error JsonReader::Bad(const char* key, std::string_view why) const {
  return MakeError(ErrorKind::kInvalid, fmt::format("{}: \"{}\" {}", what_, key, why));
}

const Json* JsonReader::Find(const char* key) const {
  const auto found = json_->find(key);
  return found == json_->end() || found->is_null() ? nullptr : &*found;
}

Result<const Json*> JsonReader::Require(const char* key) const {
  const Json* found = Find(key);
  if (found == nullptr) return Bad(key, "is missing");
  return found;
}

Result<const Json*> JsonReader::List(const char* key) const {
  const Json* found = TRY(Require(key));
  if (!found->is_array()) return Bad(key, "must be a list");
  return found;
}

Result<const Json*> JsonReader::OptionalList(const char* key) const {
  const Json* found = Find(key);
  if (found != nullptr && !found->is_array()) return Bad(key, "must be a list");
  return found;
}

Result<int64_t> JsonReader::Long(const char* key) const {
  const Json* found = TRY(Require(key));
  const auto number = AsLong(*found);
  if (!number) return Bad(key, "must be a whole number");
  return *number;
}

Result<int32_t> JsonReader::Int(const char* key) const {
  const Json* found = TRY(Require(key));
  const auto number = AsInt(*found);
  if (!number) return Bad(key, "must be a whole number of 32 bits");
  return *number;
}

Result<std::string> JsonReader::Text(const char* key) const {
  const Json* found = TRY(Require(key));
  if (!found->is_string()) return Bad(key, "must be a string");
  return found->get<std::string>();
}

Result<bool> JsonReader::Bool(const char* key) const {
  const Json* found = TRY(Require(key));
  if (!found->is_boolean()) return Bad(key, "must be true or false");
  return found->get<bool>();
}

Result<std::optional<int64_t>> JsonReader::OptionalLong(const char* key) const {
  if (!Has(key)) return std::optional<int64_t>();
  const int64_t number = TRY(Long(key));
  return std::optional<int64_t>(number);
}

Result<std::optional<int32_t>> JsonReader::OptionalInt(const char* key) const {
  if (!Has(key)) return std::optional<int32_t>();
  const int32_t number = TRY(Int(key));
  return std::optional<int32_t>(number);
}

Result<std::optional<std::string>> JsonReader::OptionalText(const char* key) const {
  if (!Has(key)) return std::optional<std::string>();
  std::string text = TRY(Text(key));
  return std::optional<std::string>(std::move(text));
}

Result<StringMap> JsonReader::OptionalMap(const char* key) const {
  StringMap map;
  const Json* found = Find(key);
  if (found == nullptr) return map;
  if (!found->is_object()) return Bad(key, "must be an object of strings");
  for (const auto& [name, value] : found->items()) {
    if (!value.is_string()) return Bad(key, fmt::format("has \"{}\", which is no string", name));
    map[name] = value.get<std::string>();
  }
  return map;
}

Result<std::vector<int64_t>> JsonReader::OptionalLongs(const char* key) const {
  std::vector<int64_t> numbers;
  const Json* list = TRY(OptionalList(key));
  if (list == nullptr) return numbers;
  numbers.reserve(list->size());
  for (const Json& one : *list) {
    const auto number = AsLong(one);
    if (!number) return Bad(key, "must be a list of whole numbers");
    numbers.push_back(*number);
  }
  return numbers;
}

Result<std::vector<int32_t>> JsonReader::OptionalInts(const char* key) const {
  std::vector<int32_t> numbers;
  const std::vector<int64_t> longs = TRY(OptionalLongs(key));
  numbers.reserve(longs.size());
  for (const int64_t number : longs) {
    if (number != static_cast<int32_t>(number)) return Bad(key, "has a number beyond 32 bits");
    numbers.push_back(static_cast<int32_t>(number));
  }
  return numbers;
}

}  // namespace caudal::lake
