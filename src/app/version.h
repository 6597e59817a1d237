#pragma once

#include <string>

namespace caudal::app {

inline constexpr const char* kVersion = CAUDAL_VERSION;

}  // namespace caudal::app
