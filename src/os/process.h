// Child processes: started with exactly what they are given, waited for without signals, ended with
// all they started. Nothing of this process leaks into them: no other open file, no environment, no
// signal mask.
//
// A child is killed when this process dies, however it dies; its own children are not, unless they
// ask for it or a reader of theirs goes away. Thread-safe.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/mutex.h"
#include "base/result.h"
#include "os/file.h"

namespace caudal::os {

struct ProcessOptions {
  std::vector<std::string> argv;         // argv[0] is a path; PATH isn't searched
  std::vector<std::string> environment;  // "NAME=value": exactly these
  std::string folder;                    // its working folder; empty: this process's
  // Open files it gets: {fd here, its number there}. Numbers from 3 on; the fds stay the caller's.
  std::vector<std::pair<int, int>> fds;
  int output = -1;    // fd for its standard output and error; -1: nowhere
  int oom_score = 0;  // 0 to 1000: how gladly the kernel ends it when memory runs out
};

// How a child ended.
struct ExitStatus {
  int code = 0;    // exit status, when signal is 0
  int signal = 0;  // the signal that ended it
  std::chrono::microseconds cpu{0};
  uint64_t resident_bytes_max = 0;

  bool ok() const { return code == 0 && signal == 0; }
};
std::string Describe(const ExitStatus& status);  // "exit status 3", "signal 11 (SIGSEGV)"

// Standard input is empty, core dumps are off, the child leads a process group of its own.
class Process {
 public:
  // Returns once the program runs. kNotFound, kDenied… when it can't be executed.
  static Result<std::unique_ptr<Process>> Start(const ProcessOptions& options);
  ~Process();  // kills the group and waits
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  int pid() const { return pid_; }
  // Readable once the child ended: to poll together with other files.
  int ended_fd() const { return ended_.fd(); }

  // How it ended, or nothing when `timeout` passed first. What is left of its group is killed then.
  // May be called again, from any thread: the answer stays.
  std::optional<ExitStatus> Wait(std::chrono::milliseconds timeout);
  // SIGTERM to the group; SIGKILL to the group. Nothing once the child was waited for.
  void Terminate();
  void Kill();

  // Memory of the child alone, now; 0 once it ended. Private: without what it shares with files and
  // other processes.
  uint64_t ResidentBytes() const;
  uint64_t PrivateBytes() const;

 private:
  Process(int pid, File ended) : pid_(pid), ended_(std::move(ended)) {}
  void SignalGroup(int number);

  const int pid_;
  const File ended_;  // a pidfd
  Mutex mutex_;
  std::optional<ExitStatus> status_ GUARDED_BY(mutex_);
};

// A pipe for a child's output. Its bytes are read by ReadSome, which ends when no writer is left:
// close `write` here once the child runs.
struct Pipe {
  File read;
  File write;
};
Result<Pipe> MakePipe();
// Up to `length` bytes as soon as there are any; 0 at the end; kTimeout when `timeout` passed
// first.
Result<size_t> ReadSome(const File& file, char* out, size_t length,
                        std::chrono::milliseconds timeout);

// The program that runs now, to start itself again.
Result<std::string> OwnProgram();

}  // namespace caudal::os
