#include "functions/framework/deployer.h"

#include <algorithm>

#include "base/log.h"
#include "data/timestamp.h"

namespace caudal::functions {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr size_t kLogBytesMax = 1u << 20;
constexpr milliseconds kRetryFirst{10'000};
constexpr milliseconds kRetryMax{600'000};

}  // namespace

Deployer::Deployer(const FunctionSpec& spec, std::string folder, Clock& clock, WorkerPool& pool,
                   std::function<void()> changed)
    : spec_(spec),
      folder_(std::move(folder)),
      clock_(clock),
      pool_(pool),
      changed_fn_(std::move(changed)),
      thread_([this](const std::stop_token& stop) { Work(stop); }) {}

Deployer::~Deployer() {
  thread_.request_stop();
  {
    MutexLock lock(mutex_);
    changed_.NotifyAll();
  }
  thread_.join();
}

Result<void> Deployer::Request() {
  MutexLock lock(mutex_);
  if (going_on_ || requested_)
    return MakeError(ErrorKind::kConflict, "the function is being deployed already",
                     "function.deploying");
  requested_ = true;
  going_on_ = true;
  log_.clear();
  last_line_.clear();
  changed_.NotifyAll();
  return {};
}

RunnerStatus Deployer::status() const {
  MutexLock lock(mutex_);
  RunnerStatus status;
  status.state = current_    ? RunnerStatus::State::kReady
                 : going_on_ ? RunnerStatus::State::kDeploying
                             : RunnerStatus::State::kBroken;
  status.detail = going_on_ ? last_line_ : error_;
  status.facts["deploying"] = going_on_;
  if (current_) {
    status.facts["digest"] = current_->digest;
    status.facts["deployed"] = FormatRfc3339(current_->deployed);
  }
  return status;
}

std::string Deployer::Log(uint64_t offset, uint64_t bytes_max) const {
  MutexLock lock(mutex_);
  return offset >= log_.size() ? "" : log_.substr(offset, bytes_max);
}

void Deployer::Print(std::string_view text) {
  const std::string masked = MaskSecrets(text);
  MutexLock lock(mutex_);
  if (log_.size() + masked.size() <= kLogBytesMax) log_ += masked;
  last_line_ = TellingLine(masked);
}

void Deployer::Work(const std::stop_token& stop) {
  bool first = true;
  while (true) {
    {
      MutexLock lock(mutex_);
      while (!requested_ && !stop.stop_requested()) {
        if (failures_ == 0) {
          changed_.Wait(mutex_);
        } else if (!changed_.WaitUntil(mutex_, retry_at_)) {
          requested_ = true;
          going_on_ = true;
          log_.clear();
        }
      }
      if (stop.stop_requested()) return;
      requested_ = false;
    }
    // What is in place needn't be made again for a start or a retry; only somebody who asks wants
    // the newest packages.
    bool again = !first;
    {
      MutexLock lock(mutex_);
      if (failures_ > 0) again = false;
    }
    first = false;
    DeployOnce(again, stop);
    if (!stop.stop_requested()) changed_fn_();
  }
}

void Deployer::DeployOnce(bool again, const std::stop_token& stop) {
  const functions::Print print = [this](std::string_view text) { Print(text); };
  const auto deploy = [&]() -> Result<std::shared_ptr<const Deployment>> {
    Deployment made = TRY(Install({spec_, folder_, again}, clock_, print, stop));
    auto deployment = std::make_shared<const Deployment>(std::move(made));
    print("starting\n");
    TRY(pool_.Use(deployment, print, stop));
    return std::shared_ptr<const Deployment>(std::move(deployment));
  };
  Result<std::shared_ptr<const Deployment>> deployed = deploy();
  if (stop.stop_requested()) return;
  if (deployed.ok()) {
    print("ready\n");
    RemoveOldDeployments(**deployed);
    LogInfo("a function is deployed", {{"function", spec_.name}, {"digest", (*deployed)->digest}});
  } else {
    print("error: " + deployed.error().message + "\n");
    LogWarning("a function can't be deployed",
               {{"function", spec_.name}, {"error", deployed.error().message}});
  }
  MutexLock lock(mutex_);
  going_on_ = false;
  if (deployed.ok()) {
    current_ = std::move(*deployed);
    failures_ = 0;
    error_.clear();
    return;
  }
  error_ = deployed.error().message;
  // What a person must put right isn't tried again until they ask; trouble that may pass is.
  if (!RetryRuleOf(deployed.error().kind).retry) {
    failures_ = 0;
    return;
  }
  const auto pause = std::min(kRetryFirst * (1 << std::min(failures_, 10)), kRetryMax);
  ++failures_;
  retry_at_ = steady_clock::now() + pause;
}

}  // namespace caudal::functions
