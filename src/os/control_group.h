// Control groups of the kernel's (cgroup v2): what is in one can't leave it, is limited together
// and ends together, whatever it forks.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/result.h"

namespace caudal::os {

// One group, empty at first. Thread-safe.
class ControlGroup {
 public:
  ~ControlGroup();  // kills what is in it, waits for its end and removes it
  ControlGroup(const ControlGroup&) = delete;
  ControlGroup& operator=(const ControlGroup&) = delete;

  // The process, and all that it forks from now on.
  Result<void> Add(int process);
  void Kill();
  // Whether the kernel ended something in it for want of the memory that it may have.
  bool OutOfMemory() const;

 private:
  friend class ControlGroups;
  explicit ControlGroup(std::string folder) : folder_(std::move(folder)) {}
  const std::string folder_;
};

// Where this process may make groups: below its own, when that is delegated to it (systemd's
// Delegate=, a container that may write /sys/fs/cgroup).
class ControlGroups {
 public:
  // Null where the kernel or the owner of the machine gives none. `name`: of the folder for them;
  // what an earlier process left in it is ended. To get limits for its groups, this process may
  // have to move itself into a group of its own below the present one.
  static std::unique_ptr<ControlGroups> Find(const std::string& name);
  // The same below a given folder, for tests.
  static std::unique_ptr<ControlGroups> Below(const std::string& own, const std::string& name);
  ~ControlGroups();  // no group may be left

  // Whether Make's limits hold; else groups only keep together.
  bool limits() const { return limits_; }
  Result<std::unique_ptr<ControlGroup>> Make(const std::string& name, uint64_t memory_bytes,
                                             int processes_max);

 private:
  ControlGroups(std::string folder, bool limits) : folder_(std::move(folder)), limits_(limits) {}
  const std::string folder_;
  const bool limits_;
};

}  // namespace caudal::os
