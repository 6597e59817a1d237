#include "os/unix_socket.h"

#include <sys/socket.h>
#include <sys/un.h>

#include <cstring>

#include "os/file.h"

namespace caudal::os {

bool Listens(const std::string& socket_path) {
  sockaddr_un address{};
  if (socket_path.size() > kSocketPathMax) return false;
  const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return false;
  const File socket = File::FromFd(fd);
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, socket_path.c_str(), socket_path.size() + 1);
  return ::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
}

}  // namespace caudal::os
