// Two connected sockets, for a process and its child: bytes both ways, and open files with them.
#pragma once

#include <chrono>
#include <string_view>
#include <utility>

#include "base/result.h"
#include "os/file.h"

namespace caudal::os {

using Deadline = std::chrono::steady_clock::time_point;

Result<std::pair<File, File>> MakeSocketPair();

// All of `bytes`, and `fd` with the first of them unless it is -1. kTimeout when the other end
// didn't take them by then, and nobody knows how many it took; kUnavailable when it is gone.
Result<void> Send(const File& socket, std::string_view bytes, int fd, Deadline deadline);
// As many bytes as there are, up to `length`; 0 when the other end is gone. A file that came with
// them is put into `*received`. kTimeout when nothing came.
Result<size_t> Receive(const File& socket, char* out, size_t length, File* received,
                       Deadline deadline);

}  // namespace caudal::os
