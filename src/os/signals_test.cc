#include "os/signals.h"

#include <gtest/gtest.h>

#include <thread>

namespace caudal::os {
namespace {

TEST(Signals, AreTakenByWaiting) {
  BlockSignals();
  EXPECT_FALSE(WaitForSignal(std::chrono::milliseconds(1)).has_value());
  std::thread([] { EXPECT_TRUE(SendSignal(ProcessId(), Signal::kHangUp)); }).join();
  EXPECT_EQ(WaitForSignal(std::chrono::seconds(10)), Signal::kHangUp);
  EXPECT_TRUE(SendSignal(ProcessId(), Signal::kTerminate));
  EXPECT_EQ(WaitForSignal(std::chrono::seconds(10)), Signal::kTerminate);
}

TEST(Signals, NoSuchProcess) { EXPECT_FALSE(SendSignal(0, Signal::kTerminate)); }

}  // namespace
}  // namespace caudal::os
