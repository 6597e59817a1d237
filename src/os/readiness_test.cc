#include "os/readiness.h"

#include <gtest/gtest.h>

#include <array>
#include <thread>

#include "os/process.h"

namespace caudal::os {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

TEST(WaitReady, TellsWhatASocketIsReadyFor) {
  Pipe pipe = MakePipe().value();
  EXPECT_FALSE(WaitReady(pipe.read.fd(), {.read = true}, milliseconds(0)).value());
  EXPECT_TRUE(WaitReady(pipe.write.fd(), {.write = true}, seconds(30)).value());
  std::jthread writer([&] { pipe.write.Close(); });
  EXPECT_TRUE(WaitReady(pipe.read.fd(), {.read = true}, seconds(30)).value()) << "its end counts";
}

TEST(WaitReady, EndsWithTheTime) {
  const Pipe pipe = MakePipe().value();
  const auto before = std::chrono::steady_clock::now();
  EXPECT_FALSE(WaitReady(pipe.read.fd(), {.read = true}, milliseconds(30)).value());
  EXPECT_GE(std::chrono::steady_clock::now() - before, milliseconds(30));
}

TEST(WaitAnyReady, TellsWhenOneOfThemIs) {
  const Pipe quiet = MakePipe().value();
  Pipe pipe = MakePipe().value();
  const std::array<WaitingFor, 2> both = {{{quiet.read.fd(), {.read = true}},  //
                                           {pipe.read.fd(), {.read = true}}}};
  EXPECT_FALSE(WaitAnyReady(both, milliseconds(0)).value());
  std::jthread writer([&] { pipe.write.Close(); });
  EXPECT_TRUE(WaitAnyReady(both, std::nullopt).value());
}

}  // namespace
}  // namespace caudal::os
