// UTF-8 as RFC 3629 defines it: no surrogates, no overlong forms, nothing above U+10FFFF.
#pragma once

#include <string_view>

namespace caudal {

bool IsValidUtf8(std::string_view text);

}  // namespace caudal
