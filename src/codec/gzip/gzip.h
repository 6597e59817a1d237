// Whole texts packed as gzip (RFC 1952), in memory.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/result.h"

namespace caudal {

bool IsGzip(std::string_view bytes);  // by how they begin

// One member, without a name or time: equal texts give equal bytes. Fast rather than small.
std::string Gzip(std::string_view text);

// All members, one after the other. kInvalid when they are damaged or cut off; kLimit when the text
// is longer than `bytes_max`.
Result<std::string> Gunzip(std::string_view bytes, size_t bytes_max);

}  // namespace caudal
