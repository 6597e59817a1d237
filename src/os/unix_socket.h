// Sockets that have a name in the file system instead of a port.
#pragma once

#include <cstddef>
#include <string>

namespace caudal::os {

// The longest path of such a socket.
inline constexpr size_t kSocketPathMax = 107;

// Whether somebody takes connections there now.
bool Listens(const std::string& socket_path);

}  // namespace caudal::os
