#include "os/socket_pair.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <thread>

#include "os/shared_memory.h"

namespace caudal::os {
namespace {

Deadline Soon() { return std::chrono::steady_clock::now() + std::chrono::seconds(30); }
Deadline Now() { return std::chrono::steady_clock::now(); }

TEST(SocketPair, CarriesBytesAndFiles) {
  auto [here, there] = MakeSocketPair().value();
  const File memory = MakeSealedMemory({"hello", " ", "world"}).value();
  ASSERT_TRUE(Send(here, "with a file", memory.fd(), Soon()).ok());
  char buffer[64];
  File received;
  EXPECT_EQ(Receive(there, buffer, sizeof buffer, &received, Soon()).value(), 11u);
  ASSERT_TRUE(received.is_open());
  EXPECT_EQ(MappedMemory::Map(received).value()->bytes(), "hello world");
}

TEST(SocketPair, KeepsDeadlines) {
  auto [here, there] = MakeSocketPair().value();
  char byte = 0;
  EXPECT_TRUE(Receive(here, &byte, 1, nullptr, Now()).error().Is(ErrorKind::kTimeout));
  // Nobody reads.
  const std::string much(4 << 20, 'x');
  EXPECT_TRUE(Send(here, much, -1, Now()).error().Is(ErrorKind::kTimeout));
}

TEST(SocketPair, TellsThatTheOtherEndIsGone) {
  auto [here, there] = MakeSocketPair().value();
  there.Close();
  char byte = 0;
  EXPECT_EQ(Receive(here, &byte, 1, nullptr, Soon()).value(), 0u);
  EXPECT_TRUE(Send(here, "x", -1, Soon()).error().Is(ErrorKind::kUnavailable));
}

TEST(SocketPair, CarriesMuchAtOnce) {
  auto [here, there] = MakeSocketPair().value();
  const std::string much(4 << 20, 'x');
  std::thread reader([&socket = there] {
    std::string buffer(100'000, '\0');
    size_t total = 0;
    while (total < (4u << 20))
      total += Receive(socket, buffer.data(), buffer.size(), nullptr, Soon()).value();
    EXPECT_EQ(total, 4u << 20);
  });
  EXPECT_TRUE(Send(here, much, -1, Soon()).ok());
  reader.join();
}

TEST(SharedMemory, IsFinal) {
  const File memory = MakeSealedMemory({"abc"}).value();
  EXPECT_LT(::pwrite(memory.fd(), "x", 1, 0), 0);
  EXPECT_NE(::ftruncate(memory.fd(), 0), 0);
  EXPECT_NE(::ftruncate(memory.fd(), 100), 0);
}

TEST(SharedMemory, ThatMayChangeIsRefused) {
  const File memory = File::FromFd(::memfd_create("test", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  EXPECT_TRUE(MappedMemory::Map(memory).error().Is(ErrorKind::kInvalid));
  ASSERT_EQ(::fcntl(memory.fd(), F_ADD_SEALS, F_SEAL_SHRINK), 0);
  EXPECT_TRUE(MappedMemory::Map(memory).error().Is(ErrorKind::kInvalid));
  const File file = File::Open("/etc/passwd", File::Mode::kRead).value();
  EXPECT_TRUE(MappedMemory::Map(file).error().Is(ErrorKind::kInvalid));
}

TEST(SharedMemory, HoldsManyPartsAndNone) {
  const std::string part(1000, 'x');
  const std::vector<std::string_view> parts(3000, part);
  EXPECT_EQ(MappedMemory::Map(MakeSealedMemory(parts).value()).value()->bytes().size(), 3'000'000u);
  EXPECT_EQ(MappedMemory::Map(MakeSealedMemory({}).value()).value()->bytes(), "");
}

}  // namespace
}  // namespace caudal::os
