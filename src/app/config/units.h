// Durations ("1h30m") and sizes ("256MiB") as text.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace caudal::app {

// Numbers with units ms, s, m, h, d, w, added up: "500ms", "1h30m", "7d". A bare 0 is 0.
Result<std::chrono::milliseconds> ParseDuration(std::string_view text);
// A number with B, KiB, MiB, GiB, TiB or KB, MB, GB, TB; without a unit, bytes. "1.5GiB" is fine.
Result<uint64_t> ParseSize(std::string_view text);

std::string FormatDuration(std::chrono::milliseconds duration);  // "1h30m"
std::string FormatSize(uint64_t bytes);                          // exact: "256MiB", "1000"
std::string FormatSizeForPeople(uint64_t bytes);                 // rounded: "1.4 GiB"

}  // namespace caudal::app
