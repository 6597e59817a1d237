#include "os/process.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "os/spawn.h"

namespace caudal::os {
namespace {

// False when the deadline passed first.
bool WaitReadable(int fd, std::chrono::steady_clock::time_point deadline) {
  while (true) {
    const auto left =
        std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
    const auto wait = std::clamp<int64_t>(left.count(), 0, 1 << 30);
    pollfd waited{fd, POLLIN, 0};
    const int n = ::poll(&waited, 1, static_cast<int>(wait));
    if (n > 0) return true;
    if (n == 0) return false;
    if (errno != EINTR) return true;
  }
}

std::chrono::steady_clock::time_point After(std::chrono::milliseconds timeout) {
  // Far enough, and no overflow.
  return std::chrono::steady_clock::now() + std::min(timeout, std::chrono::milliseconds(1LL << 40));
}

struct Memory {
  uint64_t resident = 0;
  uint64_t shared = 0;
};

Memory MemoryOf(int pid) {
  const Result<File> file =
      File::Open("/proc/" + std::to_string(pid) + "/statm", File::Mode::kRead);
  if (!file.ok()) return {};
  std::array<char, 128> text{};
  const Result<size_t> length = file.value().ReadAt(0, text.data(), text.size() - 1);
  if (!length.ok()) return {};
  // "size resident shared …", in pages
  char* next = nullptr;
  (void)std::strtoull(text.data(), &next, 10);
  const uint64_t resident = std::strtoull(next, &next, 10);
  const uint64_t shared = std::strtoull(next, nullptr, 10);
  const auto page = static_cast<uint64_t>(::sysconf(_SC_PAGESIZE));
  return {resident * page, shared * page};
}

}  // namespace

std::string Describe(const ExitStatus& status) {
  if (status.signal == 0) return "exit status " + std::to_string(status.code);
  const char* name = ::sigabbrev_np(status.signal);
  return "signal " + std::to_string(status.signal) +
         (name == nullptr ? "" : " (SIG" + std::string(name) + ")");
}

Result<std::unique_ptr<Process>> Process::Start(const ProcessOptions& options) {
  const int pid = TRY(Spawn(options));
  const int ended = static_cast<int>(::syscall(SYS_pidfd_open, pid, 0));
  if (ended < 0) {
    const int number = errno;
    ::kill(-pid, SIGKILL);
    ::waitpid(pid, nullptr, 0);
    return ErrnoError(number, "pidfd_open");
  }
  return std::unique_ptr<Process>(new Process(pid, File::FromFd(ended)));
}

Process::~Process() {
  Kill();
  (void)Wait(std::chrono::milliseconds::max());
}

std::optional<ExitStatus> Process::Wait(std::chrono::milliseconds timeout) {
  {
    MutexLock lock(mutex_);
    if (status_) return status_;
  }
  if (!WaitReadable(ended_.fd(), After(timeout))) return std::nullopt;
  MutexLock lock(mutex_);
  if (status_) return status_;
  // Before the child is reaped: until then nobody else can have its number.
  ::kill(-pid_, SIGKILL);
  int raw = 0;
  rusage usage{};
  while (::wait4(pid_, &raw, 0, &usage) < 0 && errno == EINTR) {
  }
  ExitStatus status;
  if (WIFSIGNALED(raw)) {
    status.signal = WTERMSIG(raw);
  } else {
    status.code = WEXITSTATUS(raw);
  }
  for (const timeval& time : {usage.ru_utime, usage.ru_stime})
    status.cpu += std::chrono::seconds(time.tv_sec) + std::chrono::microseconds(time.tv_usec);
  status.resident_bytes_max = static_cast<uint64_t>(usage.ru_maxrss) * 1024;
  status_ = status;
  return status_;
}

void Process::SignalGroup(int number) {
  MutexLock lock(mutex_);
  if (!status_) ::kill(-pid_, number);
}

void Process::Terminate() { SignalGroup(SIGTERM); }

void Process::Kill() { SignalGroup(SIGKILL); }

uint64_t Process::ResidentBytes() const { return MemoryOf(pid_).resident; }

uint64_t Process::PrivateBytes() const {
  const Memory memory = MemoryOf(pid_);
  return memory.resident - std::min(memory.resident, memory.shared);
}

Result<Pipe> MakePipe() {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) return ErrnoError(errno, "pipe");
  return Pipe{File::FromFd(ends[0]), File::FromFd(ends[1])};
}

Result<size_t> ReadSome(const File& file, char* out, size_t length,
                        std::chrono::milliseconds timeout) {
  if (!WaitReadable(file.fd(), After(timeout)))
    return MakeError(ErrorKind::kTimeout, "nothing to read yet");
  while (true) {
    const ssize_t n = ::read(file.fd(), out, length);
    if (n >= 0) return static_cast<size_t>(n);
    if (errno != EINTR) return ErrnoError(errno, "read");
  }
}

Result<std::string> OwnProgram() {
  std::array<char, 4096> path{};
  const ssize_t length = ::readlink("/proc/self/exe", path.data(), path.size());
  if (length < 0) return ErrnoError(errno, "/proc/self/exe");
  return std::string(path.data(), static_cast<size_t>(length));
}

}  // namespace caudal::os
