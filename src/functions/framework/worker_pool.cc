#include "functions/framework/worker_pool.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/log.h"

namespace caudal::functions {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr milliseconds kAskAgain{10};  // whether a new worker listens
constexpr milliseconds kLookWhenBusy{200};
constexpr milliseconds kLookWhenIdle{2000};
constexpr milliseconds kWarmAgain{10'000};  // after one that didn't come up

Error DidntStart(const std::string& how, const Worker& worker) {
  const std::string words = worker.LastWords();
  return MakeError(
      ErrorKind::kUnavailable,
      fmt::format("the function didn't start: {}{}{}", how, words.empty() ? "" : ": ", words),
      "function.start");
}

}  // namespace

WorkerPool::WorkerPool(WorkerPoolOptions options, Start start)
    : options_(options), start_(std::move(start)), watcher_([this] { Watch(); }) {}

WorkerPool::~WorkerPool() {
  {
    MutexLock lock(mutex_);
    CAUDAL_CHECK(out_.empty(), "a worker outlives its pool");
    stopping_ = true;
    changed_.NotifyAll();
  }
  watcher_.join();
  // All at once, so that their ends don't add up.
  MutexLock lock(mutex_);
  for (const Idle& idle : idle_) idle.worker->Kill();
  for (const Ending& ending : ending_) ending.worker->Kill();
  idle_.clear();
  ending_.clear();
  warming_.reset();
}

void WorkerPool::Retire(std::unique_ptr<Worker> worker) {
  worker->End(MakeError(ErrorKind::kUnavailable, "the function's process is being replaced"));
  memory_.erase(worker.get());
  ending_.push_back({std::move(worker), steady_clock::now() + options_.term_grace});
  changed_.NotifyAll();
}

Result<std::unique_ptr<Worker>> WorkerPool::StartAndWait(
    std::shared_ptr<const Deployment> deployment, const Print& print, const std::stop_token& stop) {
  const SteadyTime deadline = steady_clock::now() + options_.start_timeout;
  std::unique_ptr<Worker> worker = TRY(start_(std::move(deployment), print));
  {
    MutexLock lock(mutex_);
    out_.push_back(worker.get());
    changed_.NotifyAll();
  }
  std::optional<Error> error;
  while (!error && !worker->Listening()) {
    if (const std::optional<os::ExitStatus> ended = worker->Ended()) {
      error = DidntStart(os::Describe(*ended), *worker);
    } else if (stop.stop_requested()) {
      error = MakeError(ErrorKind::kCancelled, "stopped while the function was starting");
    } else if (steady_clock::now() > deadline) {
      error = DidntStart("it took too long", *worker);
      error->kind = ErrorKind::kTimeout;
    } else {
      MutexLock lock(mutex_);
      changed_.WaitFor(mutex_, kAskAgain);
    }
  }
  if (!error) return worker;
  Release(std::move(worker), false);
  return std::move(*error);
}

Result<void> WorkerPool::Use(std::shared_ptr<const Deployment> deployment, const Print& print,
                             std::stop_token stop) {
  std::unique_ptr<Worker> worker = TRY(StartAndWait(deployment, print, stop));
  MutexLock lock(mutex_);
  deployment_ = std::move(deployment);
  for (Idle& idle : idle_) Retire(std::move(idle.worker));
  idle_.clear();
  if (warming_) Retire(std::move(warming_));
  std::erase(out_, worker.get());
  idle_.push_front({std::move(worker), steady_clock::now()});
  changed_.NotifyAll();
  return {};
}

Result<std::unique_ptr<Worker>> WorkerPool::Acquire(const Print& print,
                                                    const std::stop_token& stop) {
  std::shared_ptr<const Deployment> deployment;
  {
    MutexLock lock(mutex_);
    while (true) {
      while (!idle_.empty()) {
        std::unique_ptr<Worker> worker = std::move(idle_.front().worker);
        idle_.pop_front();
        if (worker->Ended()) {
          Retire(std::move(worker));
          continue;
        }
        out_.push_back(worker.get());
        return worker;
      }
      if (!warming_ || stop.stop_requested()) break;
      changed_.WaitFor(mutex_, kAskAgain);
    }
    deployment = deployment_;
  }
  if (!deployment) return MakeError(ErrorKind::kUnavailable, "the function isn't deployed yet");
  return StartAndWait(std::move(deployment), print, stop);
}

void WorkerPool::Release(std::unique_ptr<Worker> worker, bool fit) {
  MutexLock lock(mutex_);
  std::erase(out_, worker.get());
  if (!fit || worker->calls() >= options_.calls_max || &worker->deployment() != deployment_.get()) {
    Retire(std::move(worker));
    return;
  }
  Keep(std::move(worker));
}

void WorkerPool::Keep(std::unique_ptr<Worker> worker) {
  if (idle_.size() + out_.size() >= static_cast<size_t>(options_.workers_max)) {
    Retire(std::move(worker));
    return;
  }
  idle_.push_front({std::move(worker), steady_clock::now()});
  changed_.NotifyAll();
}

std::vector<Worker*> WorkerPool::All() const {
  std::vector<Worker*> all = out_;
  for (const Idle& idle : idle_) all.push_back(idle.worker.get());
  if (warming_) all.push_back(warming_.get());
  return all;
}

std::vector<WorkerInfo> WorkerPool::Workers() const {
  MutexLock lock(mutex_);
  std::vector<WorkerInfo> list;
  list.reserve(out_.size() + idle_.size() + ending_.size() + 1);
  for (const Worker* worker : out_)
    list.push_back(InfoOf(*worker, worker->calls() > 0 ? "busy" : "starting"));
  for (const Idle& idle : idle_) list.push_back(InfoOf(*idle.worker, "idle"));
  if (warming_) list.push_back(InfoOf(*warming_, "starting"));
  for (const Ending& ending : ending_) list.push_back(InfoOf(*ending.worker, "ending"));
  return list;
}

WorkerInfo WorkerPool::InfoOf(const Worker& worker, const char* state) const {
  const auto seen = memory_.find(&worker);
  return {worker.group(), state, worker.calls(), seen == memory_.end() ? 0 : seen->second};
}

void WorkerPool::Watch() {
  while (true) {
    std::vector<std::unique_ptr<Worker>> ended;
    {
      MutexLock lock(mutex_);
      if (stopping_) return;
      const auto now = steady_clock::now();
      DropIdle(now);
      ended = TakeEnded(now);
    }
    ended.clear();
    Measure();
    KeepWarm(steady_clock::now());
    MutexLock lock(mutex_);
    if (stopping_) return;
    const bool busy = !out_.empty() || warming_ || !ending_.empty();
    changed_.WaitFor(mutex_, warming_ ? kAskAgain : busy ? kLookWhenBusy : kLookWhenIdle);
  }
}

void WorkerPool::DropIdle(SteadyTime now) {
  for (auto it = idle_.begin(); it != idle_.end();) {
    const std::optional<os::ExitStatus> ended = it->worker->Ended();
    if (ended)
      LogWarning("an idle function process ended by itself",
                 {{"how", os::Describe(*ended)}, {"said", it->worker->LastWords()}});
    const bool spare = it != idle_.begin() && now - it->since > options_.idle_keep;
    if (ended || spare) {
      Retire(std::move(it->worker));
      it = idle_.erase(it);
    } else {
      ++it;
    }
  }
}

// Those whose end has come; destroyed by the caller, without the lock.
std::vector<std::unique_ptr<Worker>> WorkerPool::TakeEnded(SteadyTime now) {
  std::vector<std::unique_ptr<Worker>> ended;
  for (auto it = ending_.begin(); it != ending_.end();) {
    if (now < it->kill_at && !it->worker->Ended()) {
      ++it;
      continue;
    }
    ended.push_back(std::move(it->worker));
    it = ending_.erase(it);
  }
  return ended;
}

// Ends the workers that outgrew their limits, at once: a call that is cut short reports why.
void WorkerPool::Measure() {
  std::vector<os::Watched> watched;
  {
    MutexLock lock(mutex_);
    for (const Worker* worker : All()) watched.push_back({worker->group(), worker->mark()});
  }
  if (watched.empty()) return;
  const std::vector<os::ProcessUse> uses = watch_.Look(watched);
  MutexLock lock(mutex_);
  for (Worker* worker : All()) {
    const auto found = std::ranges::find_if(
        watched, [&](const os::Watched& one) { return one.mark == worker->mark(); });
    if (found == watched.end()) continue;
    const os::ProcessUse& use = uses[static_cast<size_t>(found - watched.begin())];
    memory_[worker] = use.memory_bytes;
    std::string what;
    if (use.memory_bytes > options_.memory_bytes)
      what = fmt::format("used {} MiB, more than its memory of {} MiB", use.memory_bytes >> 20,
                         options_.memory_bytes >> 20);
    if (use.processes > options_.processes_max)
      what = fmt::format("started {} processes; {} are allowed", use.processes,
                         options_.processes_max);
    if (what.empty()) continue;
    worker->End(MakeError(ErrorKind::kLimit, "the function " + what, "function.limit"));
    worker->Kill();
  }
}

// One is kept ready when there is none at all.
void WorkerPool::KeepWarm(SteadyTime now) {
  std::shared_ptr<const Deployment> deployment;
  {
    MutexLock lock(mutex_);
    if (warming_) {
      if (warming_->Listening()) {
        Keep(std::move(warming_));
      } else if (warming_->Ended() || now > warm_until_) {
        LogWarning("a function process didn't come up", {{"said", warming_->LastWords()}});
        Retire(std::move(warming_));
        warm_again_ = now + kWarmAgain;
      }
      return;
    }
    if (!deployment_ || !idle_.empty() || !out_.empty() || now < warm_again_) return;
    deployment = deployment_;
  }
  Result<std::unique_ptr<Worker>> worker = start_(std::move(deployment), nullptr);
  MutexLock lock(mutex_);
  if (!worker.ok()) {
    LogWarning("a function process can't be started", {{"error", worker.error().message}});
    warm_again_ = now + kWarmAgain;
    return;
  }
  warming_ = std::move(*worker);
  warm_until_ = now + options_.start_timeout;
}

}  // namespace caudal::functions
