// Waiting for a socket, of whatever library.
#pragma once

#include <chrono>
#include <optional>
#include <span>

#include "base/result.h"

namespace caudal::os {

struct Interest {
  bool read = false;
  bool write = false;
};

// Whether `fd` is ready for what is wanted, or has ended or failed (which the next read or write
// tells), before `timeout` has passed.
Result<bool> WaitReady(int fd, Interest interest, std::chrono::milliseconds timeout);

struct WaitingFor {
  int fd = -1;
  Interest interest;
};

// The same of any of them; without a timeout it waits for as long as it takes.
Result<bool> WaitAnyReady(std::span<const WaitingFor> all,
                          std::optional<std::chrono::milliseconds> timeout);

}  // namespace caudal::os
