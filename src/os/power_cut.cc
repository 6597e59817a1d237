#include "os/power_cut.h"

#if defined(CAUDAL_FAILPOINTS)
#include <fcntl.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>

#include "os/file.h"
#endif

namespace caudal::os {

#if defined(CAUDAL_FAILPOINTS)

Result<void> CutPower(const std::string& mount_point) {
  // EXT4_IOC_SHUTDOWN and EXT4_GOING_FLAGS_NOLOGFLUSH of the kernel's fs/ext4/ext4.h, which no
  // installed header has.
  constexpr unsigned long kShutdown = _IOR('X', 125, uint32_t);
  uint32_t no_log_flush = 2;
  const int fd = ::open(mount_point.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return ErrnoError(errno, mount_point);
  const int outcome = ::ioctl(fd, kShutdown, &no_log_flush);
  const int error = errno;
  ::close(fd);
  if (outcome != 0) return ErrnoError(error, "shutting down the file system at " + mount_point);
  return {};
}

#else

Result<void> CutPower(const std::string&) {
  return MakeError(ErrorKind::kUnsupported, "this build can't cut the power; use a test build");
}

#endif

}  // namespace caudal::os
