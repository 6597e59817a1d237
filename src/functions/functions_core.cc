#include "functions/functions_core.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "base/log.h"

namespace caudal::functions {
namespace {

constexpr size_t kTimesKept = 512;
// A runner that was asked to end does so within a second.
constexpr std::chrono::milliseconds kCancelGrace{1500};

int64_t Percentile(std::vector<int64_t> values, int percent) {
  if (values.empty()) return 0;
  const size_t at = (values.size() - 1) * static_cast<size_t>(percent) / 100;
  std::nth_element(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(at), values.end());
  return values[at];
}

}  // namespace

Result<void> FunctionsCore::Configure(std::vector<FunctionSpec> specs) {
  std::set<std::string> names;
  for (const FunctionSpec& spec : specs) {
    TRY(CheckSpec(spec));
    if (!names.insert(spec.name).second)
      return MakeError(ErrorKind::kInvalid,
                       fmt::format("there are two functions called '{}'", spec.name));
  }
  MutexLock configuring(configure_mutex_);
  std::vector<std::string> gone;
  std::vector<LivePtr> fresh;
  {
    MutexLock lock(mutex_);
    for (const auto& [name, function] : functions_)
      if (!names.contains(name)) gone.push_back(name);
    for (FunctionSpec& spec : specs) {
      const auto found = functions_.find(spec.name);
      if (found == functions_.end() || found->second->spec != spec)
        fresh.push_back(std::make_shared<LiveFunction>(std::move(spec)));
    }
  }
  // All that can fail by the specs comes first.
  for (const LivePtr& function : fresh) TRY(MakeRunner(*function));
  pool_.SetLanes({names.begin(), names.end()});
  for (const std::string& name : gone) TRY(Remove(name));
  for (const LivePtr& function : fresh) TRY(Replace(function));
  return {};
}

Result<void> FunctionsCore::MakeRunner(LiveFunction& function) {
  if (!factory_) return {};
  std::unique_ptr<Runner> runner =
      TRY(factory_(function.spec, [weak = weak_from_this(), name = function.spec.name] {
        if (const auto self = weak.lock()) self->Settle(name);
      }));
  // The runner may call that from another thread by now.
  MutexLock lock(mutex_);
  function.runner = std::move(runner);
  return {};
}

Result<void> FunctionsCore::Replace(const LivePtr& function) {
  const std::string& name = function->spec.name;
  const std::string subscriber = SubscriberOf(name);
  bool known = false;
  {
    MutexLock lock(mutex_);
    LivePtr& slot = functions_[name];
    known = slot != nullptr;
    if (known) replaced_.push_back(slot);
    slot = function;
    std::erase_if(replaced_, [](const auto& weak) { return weak.expired(); });
  }
  dispatcher_.Hold(subscriber, true);
  if (known) {
    TRY(dispatcher_.Replace(subscriber, SubscriberFor(function->spec)));
  } else {
    TRY(dispatcher_.Subscribe(SubscriberFor(function->spec)));
  }
  Settle(name);
  return {};
}

Result<void> FunctionsCore::Remove(const std::string& name) {
  {
    MutexLock lock(mutex_);
    const auto found = functions_.find(name);
    if (found == functions_.end()) return {};
    replaced_.push_back(found->second);
    functions_.erase(found);
  }
  return dispatcher_.Replace(SubscriberOf(name), std::nullopt);
}

Result<void> FunctionsCore::Start(RunnerFactory factory) {
  MutexLock configuring(configure_mutex_);
  CAUDAL_CHECK(!factory_, "functions start once");
  factory_ = std::move(factory);
  std::vector<LivePtr> all;
  {
    MutexLock lock(mutex_);
    for (const auto& [name, function] : functions_) all.push_back(function);
  }
  for (const LivePtr& function : all) {
    Result<void> made = MakeRunner(*function);
    if (!made.ok())
      return std::move(made).error().Within(fmt::format("function '{}'", function->spec.name));
  }
  for (const LivePtr& function : all) Settle(function->spec.name);
  return {};
}

void FunctionsCore::Settle(const std::string& name) {
  MutexLock settling(settle_mutex_);
  LivePtr function;
  const Runner* runner = nullptr;
  {
    MutexLock lock(mutex_);
    const auto found = functions_.find(name);
    if (found == functions_.end() || stopping_) return;
    function = found->second;
    runner = function->runner.get();
  }
  const bool ready = runner != nullptr && runner->status().state == RunnerStatus::State::kReady;
  dispatcher_.Hold(SubscriberOf(name), !ready);
}

events::Subscriber FunctionsCore::SubscriberFor(const FunctionSpec& spec) {
  events::Subscriber subscriber;
  subscriber.name = SubscriberOf(spec.name);
  subscriber.filter = spec.trigger;
  subscriber.retry = spec.retry;
  subscriber.concurrency = spec.concurrency;
  subscriber.target = [weak = weak_from_this(), name = spec.name](const events::Event& event,
                                                                  const events::Attempt& attempt,
                                                                  events::Done done) {
    const auto self = weak.lock();
    if (!self) {
      done(MakeError(ErrorKind::kCancelled, "the functions have stopped"));
      return;
    }
    self->Enqueue({name, event, attempt, self->clock_.Now(), std::move(done)});
  };
  return subscriber;
}

void FunctionsCore::Stop(std::chrono::milliseconds drain) {
  {
    MutexLock lock(mutex_);
    stopping_ = true;
  }
  if (pool_.Stop(std::chrono::steady_clock::now() + drain)) return;
  {
    MutexLock lock(mutex_);
    for (const auto& [name, function] : functions_) function->cancel.request_stop();
    for (const auto& weak : replaced_)
      if (const LivePtr function = weak.lock()) function->cancel.request_stop();
  }
  if (!pool_.Stop(std::chrono::steady_clock::now() + kCancelGrace))
    LogWarning("a function doesn't end; waiting for it");
}

void FunctionsCore::Close() {
  pool_.Join();
  std::map<std::string, LivePtr> functions;
  {
    MutexLock lock(mutex_);
    functions.swap(functions_);
  }
  functions.clear();
}

Result<LivePtr> FunctionsCore::Find(const std::string& name) const {
  MutexLock lock(mutex_);
  const auto found = functions_.find(name);
  if (found != functions_.end()) return found->second;
  return MakeError(ErrorKind::kNotFound, fmt::format("there is no function '{}'", name),
                   "function.not_found");
}

FunctionInfo FunctionsCore::InfoOf(const LivePtr& function) const {
  FunctionInfo info;
  info.spec = function->spec;
  const Runner* runner = nullptr;
  {
    MutexLock lock(mutex_);
    runner = function->runner.get();
  }
  if (runner != nullptr) {
    info.status = runner->status();
  } else {
    info.status.state = RunnerStatus::State::kDeploying;
    info.status.detail = "starting";
  }
  MutexLock lock(mutex_);
  const auto found = counters_.find(info.spec.name);
  if (found == counters_.end()) return info;
  const Counters& counters = found->second;
  info.queued = counters.queued;
  info.running = counters.running;
  info.succeeded = counters.succeeded;
  info.failed = counters.failed;
  info.skipped = counters.skipped;
  info.run_p50_us = Percentile(counters.times_us, 50);
  info.run_p99_us = Percentile(counters.times_us, 99);
  return info;
}

std::vector<FunctionInfo> FunctionsCore::List() const {
  std::vector<LivePtr> all;
  {
    MutexLock lock(mutex_);
    for (const auto& [name, function] : functions_) all.push_back(function);
  }
  std::vector<FunctionInfo> list;
  list.reserve(all.size());
  for (const LivePtr& function : all) list.push_back(InfoOf(function));
  return list;
}

Result<FunctionInfo> FunctionsCore::Get(const std::string& name) const {
  const LivePtr function = TRY(Find(name));
  return InfoOf(function);
}

void FunctionsCore::Count(const std::string& name, Ended ended, int64_t time_us) {
  MutexLock lock(mutex_);
  Counters& counters = counters_[name];
  --counters.running;
  switch (ended) {
    case Ended::kSucceeded:
      ++counters.succeeded;
      break;
    case Ended::kFailed:
      ++counters.failed;
      break;
    case Ended::kSkipped:
      ++counters.skipped;
      return;
    case Ended::kCancelled:
      return;
  }
  if (counters.times_us.size() < kTimesKept) {
    counters.times_us.push_back(time_us);
  } else {
    counters.times_us[counters.next_time++ % kTimesKept] = time_us;
  }
}

}  // namespace caudal::functions
