// What goes on beside a query that runs: Ctrl-C, and a bar on the terminal. Internal to cli.
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <optional>
#include <stop_token>
#include <thread>

#include "base/mutex.h"

namespace caudal::app::cli {

// Signals must be blocked (os::BlockSignals) before it is made.
class QueryWatch {
 public:
  // `progress` (0 to 1) is asked a few times a second from a thread of its own, when `bar`.
  QueryWatch(bool bar, std::function<std::optional<double>()> progress);
  ~QueryWatch();

  std::stop_token cancel() const { return cancel_.get_token(); }
  bool interrupted() const { return interrupted_; }
  // The answer begins: the bar goes for good.
  void HideBar() EXCLUDES(mutex_);

 private:
  void Watch(const std::stop_token& stop);
  void DrawBar() EXCLUDES(mutex_);

  const std::function<std::optional<double>()> progress_;
  const std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
  std::stop_source cancel_;
  std::atomic<bool> interrupted_{false};
  Mutex mutex_;
  bool bar_ GUARDED_BY(mutex_);
  bool drawn_ GUARDED_BY(mutex_) = false;
  std::jthread thread_;
};

}  // namespace caudal::app::cli
