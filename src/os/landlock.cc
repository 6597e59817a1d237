#include "os/landlock.h"

#include <fcntl.h>
#include <linux/landlock.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>

#include "os/file.h"

namespace caudal::os {
namespace {

// Debian 12's header knows the first two versions; newer kernels give more.
constexpr uint64_t kTruncate = 1ull << 14;       // from 3
constexpr uint64_t kDeviceControl = 1ull << 15;  // from 5
constexpr uint64_t kBindTcp = 1ull << 0;         // of the network, from 4
constexpr uint64_t kConnectTcp = 1ull << 1;
constexpr uint64_t kAbstractSockets = 1ull << 0;  // of the scope, from 6
constexpr uint64_t kSignals = 1ull << 1;

struct RuleSet {
  uint64_t files;
  uint64_t network;
  uint64_t scope;
};

constexpr uint64_t kReading = LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR;
// No links, devices, sockets or pipes are made, nothing is executed.
constexpr uint64_t kWriting = kReading | LANDLOCK_ACCESS_FS_WRITE_FILE |
                              LANDLOCK_ACCESS_FS_REMOVE_FILE | LANDLOCK_ACCESS_FS_REMOVE_DIR |
                              LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_MAKE_DIR | kTruncate;

RuleSet AllThatVersionHas(int version, size_t* size) {
  RuleSet all{};
  all.files = (LANDLOCK_ACCESS_FS_MAKE_SYM << 1) - 1;
  if (version >= 2) all.files |= LANDLOCK_ACCESS_FS_REFER;
  if (version >= 3) all.files |= kTruncate;
  if (version >= 4) all.network = kBindTcp | kConnectTcp;
  if (version >= 5) all.files |= kDeviceControl;
  if (version >= 6) all.scope = kAbstractSockets | kSignals;
  *size = version >= 6 ? sizeof(RuleSet) : version >= 4 ? 16 : 8;
  return all;
}

// What a rule on a file that isn't a folder may speak of.
constexpr uint64_t kOfFiles =
    LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_WRITE_FILE | kTruncate;

Result<void> Allow(int ruleset, const std::string& path, uint64_t rights) {
  const int fd = ::open(path.c_str(), O_PATH | O_CLOEXEC);
  if (fd < 0) return ErrnoError(errno, path);
  File file = File::FromFd(fd);
  struct stat info {};
  if (::fstat(fd, &info) != 0) return ErrnoError(errno, path);
  if (!S_ISDIR(info.st_mode)) rights &= kOfFiles;
  landlock_path_beneath_attr beneath{};
  beneath.allowed_access = rights;
  beneath.parent_fd = fd;
  if (::syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &beneath, 0) != 0)
    return ErrnoError(errno, "Landlock rule for " + path);
  // Open as long as the process lives: a file of /proc that nobody holds may come back as another
  // one, which no rule knows.
  if (path.starts_with("/proc/")) new File(std::move(file));
  return {};
}

}  // namespace

Result<int> RestrictFiles(const std::vector<std::string>& read,
                          const std::vector<std::string>& write) {
  const auto version = static_cast<int>(
      ::syscall(SYS_landlock_create_ruleset, nullptr, 0, LANDLOCK_CREATE_RULESET_VERSION));
  // Not compiled in, or switched off at boot, or refused by a container's own filter.
  if (version < 1) return 0;
  size_t size = 0;
  const RuleSet all = AllThatVersionHas(version, &size);
  const auto fd = static_cast<int>(::syscall(SYS_landlock_create_ruleset, &all, size, 0));
  if (fd < 0) return ErrnoError(errno, "Landlock");
  const File ruleset = File::FromFd(fd);
  for (const std::string& path : read) TRY(Allow(fd, path, kReading & all.files));
  for (const std::string& path : write) TRY(Allow(fd, path, kWriting & all.files));
  if (::syscall(SYS_landlock_restrict_self, fd, 0) != 0) return ErrnoError(errno, "Landlock");
  return version;
}

}  // namespace caudal::os
