// Takes members out of a JSON object by name, and says which one is wrong.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "data/json.h"

namespace caudal::lake {

using StringMap = std::map<std::string, std::string>;

// All errors are kInvalid: "snapshot: \"snapshot-id\" must be a whole number". A member that is
// null is one that isn't there.
class JsonReader {
 public:
  // `what` names the object in messages. kInvalid when `json` is no object. Keeps a reference.
  static Result<JsonReader> Of(const Json& json, std::string_view what);

  const Json& json() const { return *json_; }
  bool Has(const char* key) const { return Find(key) != nullptr; }
  const Json* Find(const char* key) const;  // null when it isn't there
  Result<const Json*> Require(const char* key) const;
  Result<const Json*> List(const char* key) const;          // required
  Result<const Json*> OptionalList(const char* key) const;  // null when it isn't there

  Result<int64_t> Long(const char* key) const;
  Result<int32_t> Int(const char* key) const;
  Result<std::string> Text(const char* key) const;
  Result<bool> Bool(const char* key) const;
  Result<std::optional<int64_t>> OptionalLong(const char* key) const;
  Result<std::optional<int32_t>> OptionalInt(const char* key) const;
  Result<std::optional<std::string>> OptionalText(const char* key) const;
  Result<StringMap> OptionalMap(const char* key) const;  // of strings; empty when it isn't there
  Result<std::vector<int64_t>> OptionalLongs(const char* key) const;
  Result<std::vector<int32_t>> OptionalInts(const char* key) const;

  Error Bad(const char* key, std::string_view why) const;

 private:
  JsonReader(const Json& json, std::string_view what) : json_(&json), what_(what) {}
  const Json* json_;
  std::string what_;
};

// A whole number of 64 bits; nothing for anything else.
std::optional<int64_t> AsLong(const Json& json);
std::optional<int32_t> AsInt(const Json& json);

}  // namespace caudal::lake
