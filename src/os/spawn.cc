#include "os/spawn.h"

#include <fcntl.h>
#include <linux/close_range.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <deque>
#include <thread>

#include "base/mutex.h"
#include "os/process.h"

namespace caudal::os {
namespace {

// All that the child needs, ready before it exists: between vfork and exec it runs in our memory,
// with our threads going on, and may make system calls only.
struct Plan {
  std::vector<char*> argv;
  std::vector<char*> environment;
  const char* folder = nullptr;
  std::vector<std::pair<int, int>> fds;  // sorted by target; sources above every target
  int first_free = 3;                    // above every target
  int failure_fd = -1;                   // where errno goes when it can't run; closes on exec
  char oom_score[8] = {};
  pid_t parent = 0;
};

[[noreturn]] void Fail(int failure_fd) {
  const int number = errno;
  (void)!::write(failure_fd, &number, sizeof number);
  ::_exit(127);
}

// Files that something opened without O_CLOEXEC. Kernels before 5.11 lack the call: one at a time.
void CloseOnExecFrom(int first) {
  if (::syscall(SYS_close_range, first, ~0u, CLOSE_RANGE_CLOEXEC) == 0) return;
  rlimit files{};
  ::getrlimit(RLIMIT_NOFILE, &files);
  for (int fd = first; fd < static_cast<int>(std::min<rlim_t>(files.rlim_cur, 1 << 20)); ++fd)
    ::fcntl(fd, F_SETFD, FD_CLOEXEC);
}

void ResetSignals() {
  // All zeros is the kernel's form of "default, nothing masked". Its own call, since glibc's
  // doesn't touch the two signals that it keeps for itself, which may be ignored where we come
  // from.
  constexpr std::array<unsigned long, 4> kStandard{};
  for (int number = 1; number < NSIG; ++number)
    ::syscall(SYS_rt_sigaction, number, kStandard.data(), nullptr, sizeof(uint64_t));
  sigset_t none;
  sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
}

[[noreturn]] __attribute__((noinline)) void RunChild(const Plan& plan) {
  if (::prctl(PR_SET_PDEATHSIG, SIGKILL) != 0) Fail(plan.failure_fd);
  if (::getppid() != plan.parent) ::_exit(127);  // it died before we asked to be told
  if (::setpgid(0, 0) != 0) Fail(plan.failure_fd);
  for (const auto& [from, to] : plan.fds)
    if (::dup2(from, to) < 0) Fail(plan.failure_fd);
  CloseOnExecFrom(plan.first_free);
  constexpr rlimit kNoCores{0, 0};
  ::setrlimit(RLIMIT_CORE, &kNoCores);
  if (plan.oom_score[0] != '0') {
    const int fd = ::open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
    // A hint: containers may forbid it.
    if (fd >= 0) (void)!::write(fd, plan.oom_score, std::char_traits<char>::length(plan.oom_score));
  }
  if (plan.folder != nullptr && ::chdir(plan.folder) != 0) Fail(plan.failure_fd);
  ResetSignals();
  ::execve(plan.argv[0], plan.argv.data(), plan.environment.data());
  Fail(plan.failure_fd);
}

// Runs on the spawner thread with every signal blocked.
int ForkAndExec(const Plan& plan) {
  const pid_t pid = ::vfork();
  if (pid == 0) RunChild(plan);
  return pid < 0 ? -errno : pid;
}

// The kernel ties "my parent died" to the thread that started the child, so one thread, which lives
// as long as the process, starts them all.
class Spawner {
 public:
  static Spawner& Instance() {
    static auto* spawner = new Spawner;  // outlives every static destructor
    return *spawner;
  }

  int Run(const Plan& plan) {
    Task task{&plan, 0, false};
    MutexLock lock(mutex_);
    tasks_.push_back(&task);
    changed_.NotifyAll();
    while (!task.done) changed_.Wait(mutex_);
    return task.result;
  }

 private:
  struct Task {
    const Plan* plan;
    int result;
    bool done;
  };

  Spawner() {
    std::thread([this] { Work(); }).detach();
  }

  void Work() {
    sigset_t all;
    sigfillset(&all);
    ::pthread_sigmask(SIG_SETMASK, &all, nullptr);
    MutexLock lock(mutex_);
    while (true) {
      while (tasks_.empty()) changed_.Wait(mutex_);
      Task* task = tasks_.front();
      tasks_.pop_front();
      task->result = ForkAndExec(*task->plan);
      task->done = true;
      changed_.NotifyAll();
    }
  }

  Mutex mutex_;
  CondVar changed_;
  std::deque<Task*> tasks_ GUARDED_BY(mutex_);
};

std::vector<char*> Pointers(const std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  pointers.reserve(texts.size() + 1);
  for (const std::string& text : texts) pointers.push_back(const_cast<char*>(text.c_str()));
  pointers.push_back(nullptr);
  return pointers;
}

// Above every target number, so that no dup2 of the child hits a file that is still to be moved.
Result<File> MoveAbove(int fd, int lowest) {
  const int moved = ::fcntl(fd, F_DUPFD_CLOEXEC, lowest);
  if (moved < 0) return ErrnoError(errno, "fcntl");
  return File::FromFd(moved);
}

}  // namespace

Result<int> Spawn(const ProcessOptions& options) {
  CAUDAL_CHECK(!options.argv.empty(), "a process needs a program");
  Plan plan;
  plan.argv = Pointers(options.argv);
  plan.environment = Pointers(options.environment);
  if (!options.folder.empty()) plan.folder = options.folder.c_str();
  std::snprintf(plan.oom_score, sizeof plan.oom_score, "%d", options.oom_score);
  plan.parent = ::getpid();

  const int null_fd = ::open("/dev/null", O_RDWR | O_CLOEXEC);
  if (null_fd < 0) return ErrnoError(errno, "/dev/null");
  const File null = File::FromFd(null_fd);
  const int output = options.output < 0 ? null.fd() : options.output;
  std::vector<std::pair<int, int>> wanted = {{null.fd(), 0}, {output, 1}, {output, 2}};
  for (const auto& [from, to] : options.fds) {
    CAUDAL_CHECK(to > 2, "0 to 2 are the standard files");
    wanted.emplace_back(from, to);
    plan.first_free = std::max(plan.first_free, to + 1);
  }
  std::vector<File> moved;
  for (const auto& [from, to] : wanted) {
    moved.push_back(TRY(MoveAbove(from, plan.first_free)));
    plan.fds.emplace_back(moved.back().fd(), to);
  }

  Pipe failure = TRY(MakePipe());
  File failure_write = TRY(MoveAbove(failure.write.fd(), plan.first_free));
  plan.failure_fd = failure_write.fd();
  failure.write.Close();
  const int pid = Spawner::Instance().Run(plan);
  failure_write.Close();
  if (pid < 0) return ErrnoError(-pid, "starting " + options.argv[0]);
  // The pipe's end, without a byte: exec closed it.
  int number = 0;
  const Result<size_t> read = ReadSome(failure.read, reinterpret_cast<char*>(&number),
                                       sizeof number, std::chrono::milliseconds::max());
  if (read.ok() && *read == 0) return pid;
  ::waitpid(pid, nullptr, 0);
  if (number == 0) number = EIO;
  return ErrnoError(number, "starting " + options.argv[0]);
}

}  // namespace caudal::os
