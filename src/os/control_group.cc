#include "os/control_group.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <string_view>

#include "os/file.h"
#include "os/proc.h"

namespace caudal::os {
namespace {

constexpr int kRemoveTries = 200;
constexpr useconds_t kRemoveAgainUs = 5000;
constexpr uint64_t kFileBytesMax = 64u << 10;

// Its files take one write each.
Result<void> Write(const std::string& file, const std::string& text) {
  const int fd = ::open(file.c_str(), O_WRONLY | O_CLOEXEC);
  if (fd < 0) return ErrnoError(errno, file);
  const File opened = File::FromFd(fd);
  if (::write(fd, text.data(), text.size()) < 0) return ErrnoError(errno, file);
  return {};
}

std::string Read(const std::string& file) {
  const Result<File> opened = File::Open(file, File::Mode::kRead);
  if (!opened.ok()) return {};
  std::string text(kFileBytesMax, '\0');
  const Result<size_t> length = opened->ReadAt(0, text.data(), text.size());
  text.resize(length.ok() ? *length : 0);
  return text;
}

bool HasWord(std::string_view text, std::string_view word) {
  while (!text.empty()) {
    const size_t end = std::min(text.find_first_of(" \n"), text.size());
    if (text.substr(0, end) == word) return true;
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return false;
}

void EndAndRemove(const std::string& folder) {
  (void)Write(folder + "/cgroup.kill", "1").ok();
  for (int i = 0; i < kRemoveTries && ::rmdir(folder.c_str()) != 0 && errno == EBUSY; ++i)
    ::usleep(kRemoveAgainUs);
}

void RemoveAllIn(const std::string& folder) {
  const Result<std::vector<DirEntry>> entries = ListDir(folder);
  if (!entries.ok()) return;
  for (const DirEntry& entry : *entries)
    if (entry.is_dir) EndAndRemove(folder + "/" + entry.name);
}

// The folder of this process's group; empty: there is no such hierarchy.
std::string OwnFolder() {
  std::string mount;
  std::string text = ReadProc("self", "mountinfo", 1u << 20);
  std::string_view rest = text;
  while (!rest.empty() && mount.empty()) {
    const std::string_view line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(line.size() + 1, rest.size()));
    if (line.find(" - cgroup2 ") == std::string_view::npos) continue;
    // "id parent device root mount-point …"
    size_t at = 0;
    for (int field = 0; field < 4; ++field) at = line.find(' ', at) + 1;
    mount = line.substr(at, line.find(' ', at) - at);
  }
  if (mount.empty()) return {};
  text = ReadProc("self", "cgroup", 1u << 16);
  const size_t own = text.starts_with("0::") ? 0 : text.find("\n0::");
  if (own == std::string::npos) return {};
  const size_t from = text.find("0::", own) + 3;
  const std::string path = text.substr(from, text.find('\n', from) - from);
  return path == "/" ? mount : mount + path;
}

// Lets groups below `own` have limits. A group that holds processes gives none to those below it,
// so this process goes a step down when it must.
bool GiveLimits(const std::string& own, const std::string& name) {
  const std::string control = own + "/cgroup.subtree_control";
  const std::string has = Read(own + "/cgroup.controllers");
  if (!HasWord(has, "memory") || !HasWord(has, "pids")) return false;
  const std::string given = Read(control);
  if (HasWord(given, "memory") && HasWord(given, "pids")) return true;
  if (Write(control, "+memory +pids").ok()) return true;
  // Others that are there would have to go too: that isn't ours to do.
  if (Read(own + "/cgroup.procs") != std::to_string(::getpid()) + "\n") return false;
  const std::string aside = own + "/" + name + "-server";
  if (::mkdir(aside.c_str(), 0755) != 0 && errno != EEXIST) return false;
  if (!Write(aside + "/cgroup.procs", std::to_string(::getpid())).ok()) return false;
  return Write(control, "+memory +pids").ok();
}

}  // namespace

ControlGroup::~ControlGroup() { EndAndRemove(folder_); }

Result<void> ControlGroup::Add(int process) {
  return Write(folder_ + "/cgroup.procs", std::to_string(process));
}

void ControlGroup::Kill() { (void)Write(folder_ + "/cgroup.kill", "1").ok(); }

bool ControlGroup::OutOfMemory() const {
  const std::string events = Read(folder_ + "/memory.events");
  const size_t at = events.find("oom_kill ");
  return at != std::string::npos && at + 9 < events.size() && events[at + 9] != '0';
}

std::unique_ptr<ControlGroups> ControlGroups::Find(const std::string& name) {
  const std::string own = OwnFolder();
  return own.empty() ? nullptr : Below(own, name);
}

std::unique_ptr<ControlGroups> ControlGroups::Below(const std::string& own,
                                                    const std::string& name) {
  const std::string folder = own + "/" + name;
  if (::mkdir(folder.c_str(), 0755) != 0 && errno != EEXIST) return nullptr;
  // A folder elsewhere than in such a hierarchy has no files of its own.
  if (!Exists(folder + "/cgroup.kill")) {
    ::rmdir(folder.c_str());
    return nullptr;
  }
  RemoveAllIn(folder);
  const bool limits =
      GiveLimits(own, name) && Write(folder + "/cgroup.subtree_control", "+memory +pids").ok();
  return std::unique_ptr<ControlGroups>(new ControlGroups(folder, limits));
}

ControlGroups::~ControlGroups() { ::rmdir(folder_.c_str()); }

Result<std::unique_ptr<ControlGroup>> ControlGroups::Make(const std::string& name,
                                                          uint64_t memory_bytes,
                                                          int processes_max) {
  const std::string folder = folder_ + "/" + name;
  if (::mkdir(folder.c_str(), 0755) != 0) return ErrnoError(errno, folder);
  std::unique_ptr<ControlGroup> group(new ControlGroup(folder));
  if (!limits_) return group;
  TRY(Write(folder + "/memory.max", std::to_string(memory_bytes)));
  TRY(Write(folder + "/memory.oom.group", "1"));
  TRY(Write(folder + "/pids.max", std::to_string(processes_max)));
  // Kernels without swap accounting lack it.
  if (Exists(folder + "/memory.swap.max")) TRY(Write(folder + "/memory.swap.max", "0"));
  return group;
}

}  // namespace caudal::os
