#include "os/socket_pair.h"

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

namespace caudal::os {
namespace {

// The kernel may hand over more files than were asked for: room for several, of which one is kept.
constexpr size_t kFilesMax = 8;

Result<void> WaitFor(const File& socket, short events, Deadline deadline) {
  while (true) {
    const auto left =
        std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
    const auto wait = std::clamp<int64_t>(left.count(), 0, 1 << 30);
    pollfd waited{socket.fd(), events, 0};
    const int n = ::poll(&waited, 1, static_cast<int>(wait));
    if (n > 0) return {};
    if (n == 0) return MakeError(ErrorKind::kTimeout, "the other process doesn't answer");
    if (errno != EINTR) return ErrnoError(errno, "poll");
  }
}

Error Gone() { return MakeError(ErrorKind::kUnavailable, "the other process is gone"); }

void KeepFirstFile(msghdr& message, File* received) {
  for (cmsghdr* part = CMSG_FIRSTHDR(&message); part != nullptr;
       part = CMSG_NXTHDR(&message, part)) {
    if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_RIGHTS) continue;
    const size_t count = (part->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (size_t i = 0; i < count; ++i) {
      int fd = -1;
      std::memcpy(&fd, CMSG_DATA(part) + i * sizeof(int), sizeof fd);
      File file = File::FromFd(fd);
      if (received != nullptr && !received->is_open()) *received = std::move(file);
    }
  }
}

}  // namespace

Result<std::pair<File, File>> MakeSocketPair() {
  std::array<int, 2> ends{};
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0)
    return ErrnoError(errno, "socketpair");
  return std::pair{File::FromFd(ends[0]), File::FromFd(ends[1])};
}

Result<void> Send(const File& socket, std::string_view bytes, int fd, Deadline deadline) {
  while (!bytes.empty()) {
    iovec part{const_cast<char*>(bytes.data()), bytes.size()};
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int))> control{};
    if (fd >= 0) {
      message.msg_control = control.data();
      message.msg_controllen = control.size();
      cmsghdr* rights = CMSG_FIRSTHDR(&message);
      rights->cmsg_level = SOL_SOCKET;
      rights->cmsg_type = SCM_RIGHTS;
      rights->cmsg_len = CMSG_LEN(sizeof(int));
      std::memcpy(CMSG_DATA(rights), &fd, sizeof fd);
    }
    const ssize_t n = ::sendmsg(socket.fd(), &message, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (n >= 0) {
      bytes.remove_prefix(static_cast<size_t>(n));
      fd = -1;
    } else if (errno == EAGAIN) {
      TRY(WaitFor(socket, POLLOUT, deadline));
    } else if (errno == EPIPE || errno == ECONNRESET) {
      return Gone();
    } else if (errno != EINTR) {
      return ErrnoError(errno, "sendmsg");
    }
  }
  return {};
}

Result<size_t> Receive(const File& socket, char* out, size_t length, File* received,
                       Deadline deadline) {
  while (true) {
    iovec part{out, length};
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    alignas(cmsghdr) std::array<char, CMSG_SPACE(kFilesMax * sizeof(int))> control{};
    message.msg_control = control.data();
    message.msg_controllen = control.size();
    const ssize_t n = ::recvmsg(socket.fd(), &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
    if (n >= 0) {
      KeepFirstFile(message, received);
      return static_cast<size_t>(n);
    }
    if (errno == EAGAIN) {
      TRY(WaitFor(socket, POLLIN, deadline));
    } else if (errno == ECONNRESET) {
      return static_cast<size_t>(0);
    } else if (errno != EINTR) {
      return ErrnoError(errno, "recvmsg");
    }
  }
}

}  // namespace caudal::os
