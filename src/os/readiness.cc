#include "os/readiness.h"

#include <poll.h>

#include <algorithm>
#include <cerrno>

#include "os/file.h"

namespace caudal::os {

Result<bool> WaitReady(int fd, Interest interest, std::chrono::milliseconds timeout) {
  using std::chrono::milliseconds;
  using std::chrono::steady_clock;
  pollfd wanted{fd, 0, 0};
  if (interest.read) wanted.events |= POLLIN;
  if (interest.write) wanted.events |= POLLOUT;
  const steady_clock::time_point deadline = steady_clock::now() + timeout;
  while (true) {
    const auto left = std::chrono::ceil<milliseconds>(deadline - steady_clock::now());
    const auto wait = std::clamp<int64_t>(left.count(), 0, 3'600'000);
    const int ready = ::poll(&wanted, 1, static_cast<int>(wait));
    if (ready > 0) return true;
    if (ready < 0 && errno != EINTR) return ErrnoError(errno, "can't wait for a socket");
    if (steady_clock::now() >= deadline) return false;
  }
}

}  // namespace caudal::os
