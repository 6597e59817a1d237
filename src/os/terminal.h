// The terminal that a program talks to.
#pragma once

#include <optional>

namespace caudal::os {

// How many characters a line has, on standard output or else on standard error; nothing: neither is
// a terminal that says.
std::optional<int> TerminalColumns();

}  // namespace caudal::os
