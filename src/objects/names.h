// Which names buckets and objects may have.
#pragma once

#include <string_view>

#include "base/result.h"

namespace caudal::objects {

// 3 to 63 of a-z 0-9 - _ . (with dots up to 222, each part at most 63), a letter or digit first and
// last, not an IP address, not a path that the server itself serves ("storage", "ui"…): those would
// be hidden in the XML API.
Result<void> CheckBucketName(std::string_view name);

// 1 to 1,024 bytes of UTF-8 without CR, LF or NUL. "..", "a//b" and the like are names like others.
Result<void> CheckObjectName(std::string_view name);

}  // namespace caudal::objects
