#include "os/sandbox.h"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include <algorithm>
#include <cerrno>

#include "os/file.h"
#include "os/landlock.h"
#include "os/syscall_filter.h"

namespace caudal::os {

Result<SandboxReport> EnterSandbox(const SandboxRules& rules) {
  const rlimit no_cores{0, 0};
  const rlimit files{static_cast<rlim_t>(rules.files_max), static_cast<rlim_t>(rules.files_max)};
  if (::setrlimit(RLIMIT_CORE, &no_cores) != 0 || ::setrlimit(RLIMIT_NOFILE, &files) != 0)
    return ErrnoError(errno, "setrlimit");
  // Both below ask for it; a program that gains rights when executed would be a way out.
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return ErrnoError(errno, "no_new_privs");
  SandboxReport report;
  report.landlock = TRY(RestrictFiles(rules.read, rules.write));
  report.seccomp = TRY(RestrictCalls());
  return report;
}

void LimitFileSize(uint64_t bytes) {
  struct sigaction ignore = {};
  ignore.sa_handler = SIG_IGN;
  ::sigaction(SIGXFSZ, &ignore, nullptr);
  rlimit size{};
  ::getrlimit(RLIMIT_FSIZE, &size);
  size.rlim_cur = std::min<rlim_t>(bytes, size.rlim_max);
  ::setrlimit(RLIMIT_FSIZE, &size);
}

}  // namespace caudal::os
