#include "os/sandbox.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <functional>
#include <thread>

#include "os/file.h"
#include "os/process.h"

namespace caudal::os {
namespace {

class Sandbox : public testing::Test {
 protected:
  Sandbox() {
    std::string name = testing::TempDir() + "sandbox-XXXXXX";
    folder_ = ::mkdtemp(name.data());
    for (const char* part : {"in", "out"}) std::filesystem::create_directory(folder_ + "/" + part);
    EXPECT_TRUE(ReplaceFile(folder_ + "/in/given", "given").ok());
    EXPECT_TRUE(ReplaceFile(folder_ + "/outside", "outside").ok());
    std::filesystem::create_symlink("../outside", folder_ + "/in/link");
  }
  ~Sandbox() override { std::filesystem::remove_all(folder_); }

  // Runs `attempt` in a confined child: what it returns, errno when it is below zero; -1 when the
  // child died.
  int Confined(const std::function<int()>& attempt, bool need_landlock = false) {
    const pid_t pid = ::fork();
    if (pid == 0) {
      if (::chdir(folder_.c_str()) != 0) ::_exit(250);
      const auto report = EnterSandbox({{"in"}, {"out"}});
      if (!report.ok() || !report->seccomp) ::_exit(251);
      if (need_landlock && report->landlock == 0) ::_exit(252);
      const int result = attempt();
      ::_exit(result < 0 ? errno : result);
    }
    int status = 0;
    ::waitpid(pid, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }
  void ExpectDenied(const std::function<int()>& attempt) {
    const int result = Confined(attempt, true);
    if (result == 252) GTEST_SKIP() << "this kernel has no Landlock";
    EXPECT_TRUE(result == EACCES || result == EPERM || result == EXDEV) << result;
  }

  std::string folder_;
};

int Opens(const char* path, int flags) { return ::open(path, flags, 0644) < 0 ? -1 : 0; }

TEST_F(Sandbox, ReadsAndWritesWhatItWasGiven) {
  EXPECT_EQ(Confined([] { return Opens("in/given", O_RDONLY); }), 0);
  EXPECT_EQ(Confined([] { return Opens("out/new", O_RDWR | O_CREAT); }), 0);
  EXPECT_EQ(Confined([] { return ::rename("out/new", "out/newer"); }), 0);
  EXPECT_EQ(Confined([] { return ::unlink("out/newer"); }), 0);
}

TEST_F(Sandbox, ReachesNoOtherFile) {
  for (const char* path : {"outside", "in/link", "in/../outside", "/etc/passwd", "/proc/self/maps"})
    ExpectDenied([&] { return Opens(path, O_RDONLY); });
  ExpectDenied([] { return Opens("in/given", O_RDWR); });
  ExpectDenied([] { return Opens("in/new", O_RDWR | O_CREAT); });
  ExpectDenied([] { return Opens("new", O_RDWR | O_CREAT); });
  ExpectDenied([] { return ::unlink("in/given"); });
  ExpectDenied([] { return ::rename("in/given", "out/given"); });
}

TEST_F(Sandbox, MakesNoRefusedCall) {
  EXPECT_EQ(Confined([] { return ::socket(AF_INET, SOCK_STREAM, 0); }), EPERM);
  EXPECT_EQ(Confined([] { return ::socket(AF_UNIX, SOCK_STREAM, 0); }), EPERM);
  EXPECT_EQ(Confined([] { return ::execl("/bin/true", "true", nullptr); }), EPERM);
  EXPECT_EQ(Confined([] { return ::fork(); }), EPERM);
  EXPECT_EQ(Confined([] { return ::chmod("in/given", 0777); }), EPERM);
  EXPECT_EQ(Confined([] { return ::link("in/given", "out/given"); }), EPERM);
  EXPECT_EQ(Confined([] { return ::symlink("/etc/passwd", "out/passwd"); }), EPERM);
  EXPECT_EQ(Confined([] { return ::truncate("in/given", 0); }), EPERM);
  EXPECT_EQ(Confined([] { return ::kill(1, 0); }), EPERM);
  EXPECT_EQ(Confined([] { return ::kill(::getppid(), SIGKILL); }), EPERM);
  EXPECT_EQ(Confined([] {
              void* code =
                  ::mmap(nullptr, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
              return code == MAP_FAILED ? -1 : 0;
            }),
            EPERM);
}

TEST_F(Sandbox, HasThreadsAndMemory) {
#if defined(__SANITIZE_THREAD__)
  GTEST_SKIP() << "ThreadSanitizer wants no thread after a fork";
#endif
  EXPECT_EQ(Confined([] {
              int answer = 0;
              std::thread([&] {
                answer = static_cast<int>(std::string(1 << 20, 'x').size() >> 20);
              }).join();
              return answer == 1 ? 0 : 1;
            }),
            0);
}

TEST_F(Sandbox, LimitsFilesInSize) {
  EXPECT_EQ(Confined([] {
              LimitFileSize(10);
              const int fd = ::open("out/big", O_RDWR | O_CREAT, 0644);
              if (::write(fd, "0123456789", 10) != 10) return 1;
              return ::write(fd, "x", 1) < 0 ? -1 : 0;
            }),
            EFBIG);
}

}  // namespace
}  // namespace caudal::os
