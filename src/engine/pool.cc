#include "engine/pool.h"

#include <algorithm>

#include "base/log.h"

namespace caudal::engine {
namespace {

using std::chrono::steady_clock;

// Idle workers beyond the warm ones stay so long.
constexpr std::chrono::seconds kSpareKept{60};
constexpr std::chrono::seconds kLookEvery{10};
// What a worker needs after a session before it can begin another, about.
constexpr std::chrono::milliseconds kOpening{20};
// After a worker that didn't start.
constexpr std::chrono::seconds kStartAgainAfter{2};
// One that was killed on its way up (the kernel is short of memory) says nothing of the next.
constexpr int kFirstTries = 3;

Error Closed() {
  return MakeError(ErrorKind::kUnavailable, "the SQL engine shuts down", "engine.closed");
}

}  // namespace

Pool::~Pool() {
  Shutdown();
  if (keeper_.joinable()) keeper_.join();
}

void Pool::Shutdown() {
  MutexLock lock(mutex_);
  stopping_ = true;
  changed_.NotifyAll();
}

std::string Pool::NewOutputPath() {
  return options_.folder + "/taken/" + std::to_string(++outputs_);
}

int Pool::TakeNumber() {
  int number = 0;
  while (numbers_.contains(number)) ++number;
  numbers_.insert(number);
  return number;
}

// The number is taken already; it is free again when this fails.
Result<std::unique_ptr<WorkerProcess>> Pool::StartOne(int number) {
  Result<std::unique_ptr<WorkerProcess>> worker = WorkerProcess::Start(options_, number);
  MutexLock lock(mutex_);
  if (worker.ok()) {
    ++counts_.started;
  } else {
    numbers_.erase(number);
  }
  changed_.NotifyAll();
  return worker;
}

Result<std::unique_ptr<WorkerProcess>> Pool::StartFirst() {
  for (int i = 1;; ++i) {
    int number = 0;
    {
      MutexLock lock(mutex_);
      number = TakeNumber();
    }
    Result<std::unique_ptr<WorkerProcess>> worker = StartOne(number);
    if (worker.ok() || i == kFirstTries) return worker;
    LogWarning("a query worker doesn't start; trying again", {{"error", worker.error().message}});
  }
}

Result<void> Pool::Start() {
  // One at least, so that a worker that can't start is known at once.
  for (int i = 0; i < std::clamp(options_.warm_min, 1, options_.workers_max); ++i) {
    std::unique_ptr<WorkerProcess> worker = TRY(StartFirst());
    if (i == 0) {
      const ReadyMessage& ready = worker->ready();
      LogInfo(
          "engine ready",
          {{"duckdb", ready.version}, {"landlock", ready.landlock}, {"seccomp", ready.seccomp}});
      if (ready.landlock == 0)
        LogWarning(
            "this kernel has no Landlock: query workers are kept to their files by DuckDB's "
            "own settings alone");
    }
    MutexLock lock(mutex_);
    idle_.push_back({std::move(worker), steady_clock::now()});
  }
  keeper_ = std::thread([this] { Keep(); });
  return {};
}

// The one used last, so that spare ones can be ended; but not one that may still be opening its
// next database, while there is another.
size_t Pool::BestIdle() const {
  const auto ready = steady_clock::now() - kOpening;
  size_t best = idle_.size();
  while (best > 0 && idle_[best - 1].since > ready && !idle_[best - 1].worker->ready_again())
    --best;
  return best > 0 ? best - 1 : 0;
}

Result<std::unique_ptr<WorkerProcess>> Pool::Take() {
  int number = 0;
  {
    MutexLock lock(mutex_);
    if (waiting_ >= options_.waiting_max)
      return MakeError(ErrorKind::kLimit, "too many statements wait for a query worker already");
    const auto deadline = steady_clock::now() + options_.open_wait;
    ++waiting_;
    bool in_time = true;
    while (!stopping_ && idle_.empty() &&
           static_cast<int>(numbers_.size()) >= options_.workers_max && in_time)
      in_time = changed_.WaitUntil(mutex_, deadline);
    --waiting_;
    if (stopping_) return Closed();
    if (!idle_.empty()) {
      const size_t best = BestIdle();
      std::unique_ptr<WorkerProcess> worker = std::move(idle_[best].worker);
      idle_.erase(idle_.begin() + static_cast<ptrdiff_t>(best));
      changed_.NotifyAll();
      return worker;
    }
    if (static_cast<int>(numbers_.size()) >= options_.workers_max)
      return MakeError(ErrorKind::kLimit, "all " + std::to_string(options_.workers_max) +
                                              " query workers are busy; try again later, or "
                                              "raise `workers_max`");
    number = TakeNumber();
  }
  return StartOne(number);
}

void Pool::GiveBack(std::unique_ptr<WorkerProcess> worker, bool usable) {
  const int number = worker->number();
  {
    MutexLock lock(mutex_);
    ++counts_.sessions;
    usable = usable && !stopping_;
  }
  if (!usable || !worker->EndSession()) worker.reset();
  MutexLock lock(mutex_);
  if (worker == nullptr) {
    numbers_.erase(number);
  } else {
    idle_.push_back({std::move(worker), steady_clock::now()});
  }
  changed_.NotifyAll();
}

void Pool::CountEnd(bool killed) {
  MutexLock lock(mutex_);
  ++(killed ? counts_.killed : counts_.crashed);
}

std::vector<std::unique_ptr<WorkerProcess>> Pool::TakeUnneeded() {
  std::vector<std::unique_ptr<WorkerProcess>> unneeded;
  const auto now = steady_clock::now();
  // The oldest are in front.
  const auto take_first = [&]() REQUIRES(mutex_) {
    numbers_.erase(idle_.front().worker->number());
    unneeded.push_back(std::move(idle_.front().worker));
    idle_.erase(idle_.begin());
  };
  while (static_cast<int>(idle_.size()) > std::max(options_.warm_min, 0) &&
         now - idle_.front().since > kSpareKept)
    take_first();
  if (stopping_)
    while (!idle_.empty()) take_first();
  return unneeded;
}

void Pool::Keep() {
  while (true) {
    std::vector<std::unique_ptr<WorkerProcess>> unneeded;
    int number = -1;
    {
      MutexLock lock(mutex_);
      const auto wanted = [this]() REQUIRES(mutex_) {
        return static_cast<int>(idle_.size()) < options_.warm_min &&
               static_cast<int>(numbers_.size()) < options_.workers_max;
      };
      if (!stopping_ && !wanted()) changed_.WaitFor(mutex_, kLookEvery);
      unneeded = TakeUnneeded();
      if (stopping_) return;
      if (wanted()) number = TakeNumber();
    }
    unneeded.clear();
    if (number < 0) continue;
    Result<std::unique_ptr<WorkerProcess>> worker = StartOne(number);
    MutexLock lock(mutex_);
    if (worker.ok()) {
      idle_.push_back({std::move(*worker), steady_clock::now()});
      changed_.NotifyAll();
    } else {
      LogWarning("a query worker doesn't start", {{"error", worker.error().message}});
      const auto again = steady_clock::now() + kStartAgainAfter;
      while (!stopping_ && changed_.WaitUntil(mutex_, again)) {
      }
    }
  }
}

EngineStats Pool::stats() const {
  MutexLock lock(mutex_);
  EngineStats stats = counts_;
  stats.workers = static_cast<int>(numbers_.size());
  stats.idle = static_cast<int>(idle_.size());
  stats.waiting = waiting_;
  for (const Idle& idle : idle_) stats.resident_bytes += idle.worker->process().ResidentBytes();
  return stats;
}

}  // namespace caudal::engine
