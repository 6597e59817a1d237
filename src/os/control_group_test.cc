#include "os/control_group.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <thread>

#include "os/process.h"

namespace caudal::os {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

class ControlGroupTest : public ::testing::Test {
 protected:
  void SetUp() override {
    groups_ = ControlGroups::Find("caudal-test-" + std::to_string(::getpid()));
    if (!groups_) GTEST_SKIP() << "no control groups may be made here";
  }
  std::unique_ptr<Process> Start(ControlGroup& group, const std::string& script) {
    ProcessOptions options;
    // Waits until it is in the group.
    options.argv = {"/bin/bash", "-c", "read -t 0.2 < <(:); sleep 0.2; " + script};
    options.environment = {"PATH=/usr/bin:/bin"};
    std::unique_ptr<Process> process = Process::Start(options).value();
    EXPECT_TRUE(group.Add(process->pid()).ok());
    return process;
  }

  std::unique_ptr<ControlGroups> groups_;
};

TEST_F(ControlGroupTest, WhatIsInOneEndsTogether) {
  const std::string mark = "/tmp/caudal-group-" + std::to_string(::getpid());
  {
    const auto group = groups_->Make("one", 100u << 20, 32).value();
    // Out of its group of processes, and without its environment.
    const auto process =
        Start(*group, "setsid env -i /bin/bash -c 'echo $$ > " + mark + "; exec sleep 300' & wait");
    for (int i = 0; i < 2000 && !Exists(mark); ++i) std::this_thread::sleep_for(milliseconds(5));
    ASSERT_TRUE(Exists(mark));
    group->Kill();
    EXPECT_TRUE(process->Wait(seconds(30)).has_value());
  }
  const std::string hidden = ReadFile(mark, 100).value();
  // A zombie has no command line.
  const Result<std::string> left =
      ReadFile("/proc/" + hidden.substr(0, hidden.find('\n')) + "/cmdline", 0);
  EXPECT_TRUE(!left.ok() || left->empty());
  std::filesystem::remove(mark);
}

TEST_F(ControlGroupTest, MemoryAndProcessesAreLimited) {
  if (!groups_->limits()) GTEST_SKIP() << "groups have no limits here";
  const auto group = groups_->Make("one", 50u << 20, 32).value();
  const auto process = Start(*group, "x=$(head -c 200000000 /dev/zero | tr '\\0' a); sleep 300");
  EXPECT_TRUE(process->Wait(seconds(60)).has_value());
  EXPECT_TRUE(group->OutOfMemory());
}

TEST(ControlGroups, AreNullWhereThereAreNone) {
  EXPECT_EQ(ControlGroups::Below("/tmp", "caudal-none-" + std::to_string(::getpid())), nullptr);
  EXPECT_EQ(ControlGroups::Below("/no/such/folder", "x"), nullptr);
  EXPECT_FALSE(Exists("/tmp/caudal-none-" + std::to_string(::getpid())));
}

}  // namespace
}  // namespace caudal::os
