#include "os/syscall_filter.h"

#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace caudal::os {
namespace {

#if defined(__x86_64__)
constexpr uint32_t kArchitecture = AUDIT_ARCH_X86_64;
#elif defined(__aarch64__)
constexpr uint32_t kArchitecture = AUDIT_ARCH_AARCH64;
#else
#error "say here which architecture this is"
#endif

// What a program needs that reads and writes files, uses memory and threads, and talks over sockets
// that it has already.
constexpr auto kAllowed = std::to_array<int>({
  // files; which ones, Landlock says
  SYS_read, SYS_write, SYS_readv, SYS_writev, SYS_pread64, SYS_pwrite64, SYS_preadv, SYS_pwritev,
      SYS_lseek, SYS_openat, SYS_close, SYS_fstat, SYS_newfstatat, SYS_statx, SYS_faccessat,
      SYS_faccessat2, SYS_readlinkat, SYS_getdents64, SYS_mkdirat, SYS_unlinkat, SYS_renameat2,
      SYS_ftruncate, SYS_fallocate, SYS_fsync, SYS_fdatasync, SYS_sync_file_range, SYS_fadvise64,
      SYS_statfs, SYS_fstatfs, SYS_fcntl, SYS_flock, SYS_dup, SYS_getcwd, SYS_umask,
#if defined(__x86_64__)
      SYS_open, SYS_stat, SYS_lstat, SYS_access, SYS_readlink, SYS_mkdir, SYS_rmdir, SYS_unlink,
      SYS_rename, SYS_renameat, SYS_dup2, SYS_poll, SYS_arch_prctl, SYS_time, SYS_getdents,
#endif
      // memory
      SYS_munmap, SYS_mremap, SYS_madvise, SYS_brk, SYS_memfd_create, SYS_mlock, SYS_munlock,
      SYS_mincore, SYS_membarrier, SYS_get_mempolicy,
      // threads and time
      SYS_futex, SYS_set_robust_list, SYS_get_robust_list, SYS_rseq, SYS_set_tid_address,
      SYS_sched_yield, SYS_sched_getaffinity, SYS_sched_setaffinity, SYS_sched_getparam,
      SYS_sched_getscheduler, SYS_getcpu, SYS_exit, SYS_exit_group, SYS_nanosleep,
      SYS_clock_nanosleep, SYS_clock_gettime, SYS_clock_getres, SYS_gettimeofday,
      SYS_restart_syscall,
      // signals to itself
      SYS_rt_sigaction, SYS_rt_sigprocmask, SYS_rt_sigreturn, SYS_sigaltstack,
      // what it is
      SYS_getpid, SYS_gettid, SYS_getppid, SYS_getuid, SYS_geteuid, SYS_getgid, SYS_getegid,
      SYS_getrusage, SYS_times, SYS_sysinfo, SYS_uname, SYS_getrandom, SYS_getrlimit, SYS_setrlimit,
      // the sockets that it has
      SYS_ppoll, SYS_pipe2, SYS_sendmsg, SYS_recvmsg, SYS_shutdown, SYS_eventfd2,
});

// Calls that a way out would need: they say EPERM, so that a library sees a refusal and not an old
// kernel. Any other that isn't allowed says ENOSYS, and libraries fall back to one that is.
constexpr auto kRefused = std::to_array<int>({
  SYS_socket, SYS_socketpair, SYS_connect, SYS_bind, SYS_listen, SYS_accept, SYS_accept4,
      SYS_execve, SYS_execveat, SYS_ptrace, SYS_process_vm_readv, SYS_process_vm_writev, SYS_kill,
      SYS_tkill, SYS_pidfd_send_signal, SYS_pidfd_getfd, SYS_mount, SYS_umount2, SYS_unshare,
      SYS_setns, SYS_chroot, SYS_pivot_root, SYS_bpf, SYS_perf_event_open, SYS_userfaultfd,
      SYS_io_uring_setup, SYS_keyctl, SYS_add_key, SYS_request_key, SYS_linkat, SYS_symlinkat,
      SYS_mknodat, SYS_fchmod, SYS_fchmodat, SYS_fchown, SYS_fchownat, SYS_utimensat, SYS_setxattr,
      SYS_lsetxattr, SYS_fsetxattr, SYS_truncate, SYS_ioctl, SYS_setuid, SYS_setgid,
      SYS_name_to_handle_at, SYS_open_by_handle_at,
#if defined(__x86_64__)
      SYS_fork, SYS_vfork, SYS_link, SYS_symlink, SYS_mknod, SYS_chmod, SYS_chown, SYS_lchown,
      SYS_utime, SYS_utimes, SYS_futimesat,
#endif
});

// Assembles the filter; the accumulator holds the call's number between rules.
class Filter {
 public:
  Filter() {
    Load(offsetof(seccomp_data, arch));
    Push(BPF_JMP | BPF_JEQ | BPF_K, kArchitecture, 1, 0);
    Push(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS);
    LoadNumber();
#if defined(__x86_64__)
    // The x32 calls: other numbers for the same things.
    Push(BPF_JMP | BPF_JGE | BPF_K, 0x40000000, 0, 1);
    Push(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS);
#endif
  }

  void Answer(int call, uint32_t verdict) {
    Push(BPF_JMP | BPF_JEQ | BPF_K, static_cast<uint32_t>(call), 0, 1);
    Push(BPF_RET | BPF_K, verdict);
  }
  // Allowed when the low half of an argument, masked, is `value`.
  void AllowIf(int call, size_t argument, uint32_t mask, uint32_t value) {
    Push(BPF_JMP | BPF_JEQ | BPF_K, static_cast<uint32_t>(call), 0, 5);
    Load(static_cast<uint32_t>(offsetof(seccomp_data, args) + argument * 8));
    Push(BPF_ALU | BPF_AND | BPF_K, mask);
    Push(BPF_JMP | BPF_JEQ | BPF_K, value, 0, 1);
    Push(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
    LoadNumber();
  }
  std::vector<sock_filter> Finish(uint32_t verdict) {
    Push(BPF_RET | BPF_K, verdict);
    return std::move(code_);
  }

 private:
  void Push(int operation, uint32_t value, uint8_t if_true = 0, uint8_t if_false = 0) {
    code_.push_back({static_cast<uint16_t>(operation), if_true, if_false, value});
  }
  void Load(uint32_t offset) { Push(BPF_LD | BPF_W | BPF_ABS, offset); }
  void LoadNumber() { Load(offsetof(seccomp_data, nr)); }

  std::vector<sock_filter> code_;
};

std::vector<sock_filter> MakeFilter() {
  constexpr uint32_t kRefusal = SECCOMP_RET_ERRNO | EPERM;
  Filter filter;
  for (const int call : kAllowed) filter.Answer(call, SECCOMP_RET_ALLOW);
  for (const int call : kRefused) filter.Answer(call, kRefusal);
  // A thread, never a process.
  filter.AllowIf(SYS_clone, 0, CLONE_THREAD, CLONE_THREAD);
  filter.Answer(SYS_clone, kRefusal);
  // Its flags are in memory, out of the filter's sight: glibc falls back to clone.
  filter.Answer(SYS_clone3, SECCOMP_RET_ERRNO | ENOSYS);
  filter.AllowIf(SYS_tgkill, 0, ~0u, static_cast<uint32_t>(::getpid()));
  filter.Answer(SYS_tgkill, kRefusal);
  filter.AllowIf(SYS_prlimit64, 0, ~0u, 0);
  filter.Answer(SYS_prlimit64, kRefusal);
  filter.AllowIf(SYS_prctl, 0, ~0u, PR_SET_NAME);
  filter.Answer(SYS_prctl, kRefusal);
  // No new code.
  filter.AllowIf(SYS_mmap, 2, PROT_EXEC, 0);
  filter.Answer(SYS_mmap, kRefusal);
  filter.AllowIf(SYS_mprotect, 2, PROT_EXEC, 0);
  filter.Answer(SYS_mprotect, kRefusal);
  return filter.Finish(SECCOMP_RET_ERRNO | ENOSYS);
}

}  // namespace

Result<bool> RestrictCalls() {
  std::vector<sock_filter> code = MakeFilter();
  const sock_fprog program{static_cast<unsigned short>(code.size()), code.data()};
  return ::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, &program) == 0;
}

}  // namespace caudal::os
