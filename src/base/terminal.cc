#include "base/terminal.h"

#include <cstdlib>

extern "C" int isatty(int);  // POSIX; <unistd.h> belongs to os, which is above this module

namespace caudal {

bool IsTerminal(Stream stream) { return isatty(static_cast<int>(stream)) != 0; }
bool WantsColor(Stream stream) { return IsTerminal(stream) && std::getenv("NO_COLOR") == nullptr; }

}  // namespace caudal
