#include "os/socket_owner.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "os/process.h"

namespace caudal::os {
namespace {

// Listens on a free port of 127.0.0.1.
class Listener {
 public:
  Listener() : fd_(File::FromFd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0))) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* any = reinterpret_cast<sockaddr*>(&address);
    EXPECT_EQ(::bind(fd_.fd(), any, size), 0);
    EXPECT_EQ(::listen(fd_.fd(), 8), 0);
    EXPECT_EQ(::getsockname(fd_.fd(), any, &size), 0);
    port_ = ntohs(address.sin_port);
  }
  uint16_t port() const { return port_; }
  // The client's port of the next connection, which stays open.
  uint16_t Accept() {
    sockaddr_in address{};
    socklen_t size = sizeof address;
    taken_ = File::FromFd(::accept(fd_.fd(), reinterpret_cast<sockaddr*>(&address), &size));
    return ntohs(address.sin_port);
  }

 private:
  File fd_;
  File taken_;
  uint16_t port_ = 0;
};

TEST(SocketOwner, IsFoundByItsMarkOnly) {
  Listener listener;
  const std::string mark = "CAUDAL_TEST_OWNER=" + std::to_string(::getpid()) + "-secret.py.1";
  ProcessOptions options;
  options.argv = {"/bin/bash", "-c",
                  "exec 5<>/dev/tcp/127.0.0.1/" + std::to_string(listener.port()) + "; sleep 300"};
  options.environment = {"PATH=/usr/bin:/bin", mark};
  const auto child = Process::Start(options).value();
  const uint16_t port = listener.Accept();
  EXPECT_EQ(MarkOfClient(mark.substr(0, 20), port, listener.port()), mark);
  EXPECT_FALSE(MarkOfClient("CAUDAL_TEST_OWNER=other", port, listener.port()));
  EXPECT_FALSE(MarkOfClient(mark, port, static_cast<uint16_t>(listener.port() + 1)));
  EXPECT_FALSE(MarkOfClient(mark, listener.port(), port));
  // Another process's connection isn't the child's.
  options.environment = {"PATH=/usr/bin:/bin"};
  const auto stranger = Process::Start(options).value();
  const uint16_t other = listener.Accept();
  EXPECT_FALSE(MarkOfClient(mark, other, listener.port()));
}

}  // namespace
}  // namespace caudal::os
