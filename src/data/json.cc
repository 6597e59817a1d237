#include "data/json.h"

#include <fmt/format.h>

namespace caudal {
namespace {

// Refuses deep nesting before the recursive parts (destructor, dump) meet it.
bool DeeperThan(std::string_view text, int depth_max) {
  int depth = 0;
  bool in_string = false;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (in_string) {
      if (c == '\\') ++i;
      if (c == '"') in_string = false;
    } else if (c == '"') {
      in_string = true;
    } else if (c == '{' || c == '[') {
      if (++depth > depth_max) return true;
    } else if (c == '}' || c == ']') {
      --depth;
    }
  }
  return false;
}

}  // namespace

Result<Json> ParseJson(std::string_view text, std::string_view what, int depth_max) {
  if (DeeperThan(text, depth_max))
    return MakeError(ErrorKind::kInvalid,
                     fmt::format("{}: JSON nests deeper than {} levels", what, depth_max));
  try {
    return Json::parse(text);
  } catch (const Json::parse_error& failure) {
    return MakeError(ErrorKind::kInvalid,
                     fmt::format("{}: not valid JSON at byte {}", what, failure.byte));
  } catch (const Json::exception&) {
    return MakeError(ErrorKind::kInvalid, fmt::format("{}: a JSON number is out of range", what));
  }
}

std::string DumpJson(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace caudal
