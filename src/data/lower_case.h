// Letters without their case, as SQL compares names.
#pragma once

#include <string>
#include <string_view>

namespace caudal {

// ASCII's letters only; every other byte stays.
std::string LowerCase(std::string_view text);

}  // namespace caudal
