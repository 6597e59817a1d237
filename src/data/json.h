// JSON from outside: parsed without exceptions, with a depth limit.
#pragma once

#include <nlohmann/json.hpp>
#include <string_view>

#include "base/result.h"

namespace caudal {

using Json = nlohmann::json;

// kInvalid with the byte position when `text` isn't JSON, isn't UTF-8, or nests deeper than
// `depth_max`. `what` names the document in the message ("request body").
Result<Json> ParseJson(std::string_view text, std::string_view what, int depth_max = 64);
// Compact text; bytes that aren't UTF-8 become U+FFFD instead of an exception.
std::string DumpJson(const Json& json);

}  // namespace caudal
