#include "os/readiness.h"

#include <poll.h>

#include <algorithm>
#include <cerrno>
#include <vector>

#include "os/file.h"

namespace caudal::os {

namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

pollfd Wanted(int fd, Interest interest) {
  pollfd wanted{fd, 0, 0};
  if (interest.read) wanted.events |= POLLIN;
  if (interest.write) wanted.events |= POLLOUT;
  return wanted;
}

Result<bool> Poll(std::span<pollfd> wanted, std::optional<milliseconds> timeout) {
  const steady_clock::time_point deadline = steady_clock::now() + timeout.value_or(milliseconds(0));
  while (true) {
    int64_t wait = -1;
    if (timeout)
      wait = std::clamp<int64_t>(
          std::chrono::ceil<milliseconds>(deadline - steady_clock::now()).count(), 0, 3'600'000);
    const int ready = ::poll(wanted.data(), wanted.size(), static_cast<int>(wait));
    if (ready > 0) return true;
    if (ready < 0 && errno != EINTR) return ErrnoError(errno, "can't wait for a socket");
    if (timeout && steady_clock::now() >= deadline) return false;
  }
}

}  // namespace

Result<bool> WaitReady(int fd, Interest interest, milliseconds timeout) {
  pollfd wanted = Wanted(fd, interest);
  return Poll({&wanted, 1}, timeout);
}

Result<bool> WaitAnyReady(std::span<const WaitingFor> all, std::optional<milliseconds> timeout) {
  std::vector<pollfd> wanted;
  wanted.reserve(all.size());
  for (const WaitingFor& one : all) wanted.push_back(Wanted(one.fd, one.interest));
  return Poll(wanted, timeout);
}

}  // namespace caudal::os
