#include "app/cli/query_watch.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <string>
#include <utility>

#include "os/signals.h"

namespace caudal::app::cli {
namespace {

constexpr std::chrono::milliseconds kTick{100};
// Most queries are over by then.
constexpr std::chrono::milliseconds kBarAfter{1000};
constexpr int kBarWidth = 30;
constexpr int kInterruptedExit = 130;  // as shells say it

}  // namespace

QueryWatch::QueryWatch(bool bar, std::function<std::optional<double>()> progress)
    : progress_(std::move(progress)),
      bar_(bar),
      thread_([this](const std::stop_token& stop) { Watch(stop); }) {}

QueryWatch::~QueryWatch() {
  thread_.request_stop();
  thread_.join();
  HideBar();
}

void QueryWatch::Watch(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    const std::optional<os::Signal> signal = os::WaitForSignal(kTick);
    if (signal && *signal != os::Signal::kHangUp) {
      if (interrupted_.exchange(true)) os::ExitNow(kInterruptedExit);
      cancel_.request_stop();
    }
    if (!stop.stop_requested() && std::chrono::steady_clock::now() - start_ > kBarAfter) DrawBar();
  }
}

void QueryWatch::DrawBar() {
  {
    MutexLock lock(mutex_);
    if (!bar_) return;
  }
  const double fraction = std::clamp(progress_().value_or(0.0), 0.0, 1.0);
  const std::chrono::duration<double> since = std::chrono::steady_clock::now() - start_;
  const int full = static_cast<int>(fraction * kBarWidth);
  MutexLock lock(mutex_);
  if (!bar_) return;
  drawn_ = true;
  fmt::print(stderr, "\r[{}{}] {:3.0f} %  {:.1f} s ", std::string(static_cast<size_t>(full), '#'),
             std::string(static_cast<size_t>(kBarWidth - full), '.'), fraction * 100,
             since.count());
  std::fflush(stderr);
}

void QueryWatch::HideBar() {
  MutexLock lock(mutex_);
  bar_ = false;
  if (!std::exchange(drawn_, false)) return;
  std::fputs("\r\033[K", stderr);
  std::fflush(stderr);
}

}  // namespace caudal::app::cli
