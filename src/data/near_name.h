// The name that was meant.
#pragma once

#include <span>
#include <string_view>

namespace caudal {

// The nearest of `known`, by typing errors, letter case ignored; empty when none is near.
std::string_view NearestName(std::string_view given, std::span<const std::string_view> known);

}  // namespace caudal
