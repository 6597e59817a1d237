#include "os/process_watch.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <thread>

#include "os/process.h"

namespace caudal::os {
namespace {

using std::chrono::milliseconds;

class ProcessWatchTest : public ::testing::Test {
 protected:
  std::unique_ptr<Process> Start(const std::string& script) {
    ProcessOptions options;
    options.argv = {"/bin/bash", "-c", script};
    options.environment = {"PATH=/usr/bin:/bin", mark_};
    return Process::Start(options).value();
  }
  // Until it holds.
  template <class Condition>
  void WaitUntil(const Condition& condition) {
    for (int i = 0; i < 2000 && !condition(); ++i) std::this_thread::sleep_for(milliseconds(5));
    EXPECT_TRUE(condition());
  }
  ProcessUse Use(int group) {
    const Watched watched{group, mark_};
    return watch_.Look({&watched, 1})[0];
  }

  const std::string mark_ = "CAUDAL_TEST_MARK=" + std::to_string(::getpid()) + "-x";
  ProcessWatch watch_{"CAUDAL_TEST_MARK"};
};

TEST_F(ProcessWatchTest, CountsAllThatAChildStarted) {
  const auto child = Start("sleep 300 & setsid sleep 300 & sleep 300");
  WaitUntil([&] { return Use(child->pid()).processes == 4; });
  EXPECT_GT(Use(child->pid()).memory_bytes, 4u << 10);
  EXPECT_EQ(watch_.MarksThatBegin(mark_.substr(0, mark_.size() - 1)),
            std::vector<std::string>{mark_});
  EXPECT_TRUE(watch_.MarksThatBegin("CAUDAL_TEST_MARK=other").empty());
  child->Kill();
  ASSERT_TRUE(child->Wait(std::chrono::seconds(30)));
  // The one that left the group is still there.
  WaitUntil([&] { return Use(0).processes == 1; });
  EXPECT_EQ(watch_.Kill({0, mark_}), 1);
  EXPECT_EQ(Use(0).processes, 0);
  EXPECT_EQ(watch_.Kill({0, mark_}), 0);
}

TEST_F(ProcessWatchTest, SeesMemoryGrow) {
  const auto child = Start("x=$(head -c 40000000 /dev/zero | tr '\\0' a); sleep 300");
  WaitUntil([&] { return Use(child->pid()).memory_bytes > 40'000'000; });
  child->Kill();
  (void)child->Wait(std::chrono::seconds(30));
}

}  // namespace
}  // namespace caudal::os
