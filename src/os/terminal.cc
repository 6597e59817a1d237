#include "os/terminal.h"

#include <sys/ioctl.h>
#include <unistd.h>

namespace caudal::os {

std::optional<int> TerminalColumns() {
  for (const int fd : {STDOUT_FILENO, STDERR_FILENO}) {
    winsize size{};
    if (::ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) return size.ws_col;
  }
  return std::nullopt;
}

}  // namespace caudal::os
