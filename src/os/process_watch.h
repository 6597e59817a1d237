// All that a child process has become: its group, and whatever of its descendants left that group
// but still carries the mark it was started with, a variable of its environment.
//
// What hides from both (a new group and a new environment) isn't seen; only a control group of the
// kernel's would see that.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/result.h"

namespace caudal::os {

struct Watched {
  int group = 0;     // the child's number; 0: by mark alone
  std::string mark;  // "NAME=value", as in its environment
};

struct ProcessUse {
  int processes = 0;
  // Memory of its own (anonymous, shared among themselves, swapped out), not mapped files. Pages
  // that a fork shares count for each.
  uint64_t memory_bytes = 0;
};

// Not thread-safe. Reads /proc: about 10 µs for each process of the machine.
class ProcessWatch {
 public:
  // `name`: of the variable whose value marks them.
  explicit ProcessWatch(std::string name) : name_(std::move(name) + "=") {}

  // In the order given; zeros for what can't be read or is gone.
  std::vector<ProcessUse> Look(std::span<const Watched> watched);
  // SIGKILL to all of it, again until nothing is found. Returns how many were.
  int Kill(const Watched& watched);
  // The marks that begin so (value included) and are carried by some process: what an earlier
  // server left.
  std::vector<std::string> MarksThatBegin(std::string_view prefix);

 private:
  struct Process {
    int id = 0;
    int group = 0;
    bool zombie = false;
    std::string mark;  // empty: none
  };
  struct Known {
    uint64_t started = 0;
    std::string mark;
  };
  std::vector<Process> List();

  const std::string name_;
  std::unordered_map<int, Known> known_;
};

}  // namespace caudal::os
