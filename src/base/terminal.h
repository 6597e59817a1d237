// Whether a person is at the other end of a standard stream.
#pragma once

#include <cstdint>

namespace caudal {

enum class Stream : uint8_t { kInput, kOutput, kError };

bool IsTerminal(Stream stream);
// A terminal, and NO_COLOR isn't set.
bool WantsColor(Stream stream);

}  // namespace caudal
