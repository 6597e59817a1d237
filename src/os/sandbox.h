// Takes rights away from this process for good: what it may do afterwards is compute on the files
// it was given.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"

namespace caudal::os {

struct SandboxRules {
  std::vector<std::string> read;   // files that may be read, and folders with all below them
  std::vector<std::string> write;  // what may be written too
  int files_max = 1024;            // open at once
};

// What the kernel could give.
struct SandboxReport {
  int landlock = 0;  // the version it has; 0: none, the files of this user are all in reach
  bool seccomp = false;
};

// No new rights, no core dumps; where the kernel has them: Landlock, so that no other file is in
// reach and no network, and seccomp, so that only calls on a list work: no sockets, no programs, no
// processes, no other process's memory, no change of owners, modes or links. A call that isn't on
// the list fails with EPERM or ENOSYS; it doesn't kill. For the calling thread and those it starts:
// call before there are others. Open files stay open.
Result<SandboxReport> EnterSandbox(const SandboxRules& rules);

// No file of this process grows beyond it: a write fails with EFBIG then.
void LimitFileSize(uint64_t bytes);

}  // namespace caudal::os
