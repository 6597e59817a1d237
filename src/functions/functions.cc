#include "functions/functions.h"

#include <fmt/format.h>

#include "functions/functions_core.h"

namespace caudal::functions {
namespace {

class FunctionsOfCore final : public Functions {
 public:
  explicit FunctionsOfCore(std::shared_ptr<FunctionsCore> core) : core_(std::move(core)) {}
  ~FunctionsOfCore() override {
    core_->Stop(std::chrono::milliseconds(0));
    core_->Close();
  }

  Result<void> Configure(std::vector<FunctionSpec> specs) override {
    return core_->Configure(std::move(specs));
  }
  Result<void> Start(RunnerFactory factory) override { return core_->Start(std::move(factory)); }
  void Stop(std::chrono::milliseconds drain) override { core_->Stop(drain); }
  std::vector<FunctionInfo> List() const override { return core_->List(); }
  Result<FunctionInfo> Get(const std::string& name) const override { return core_->Get(name); }

  Result<void> Deploy(const std::string& name) override {
    const LivePtr function = TRY(Running(name));
    return function->runner->Deploy();
  }
  Result<std::string> DeployLog(const std::string& name, uint64_t offset,
                                uint64_t bytes_max) override {
    const LivePtr function = TRY(Running(name));
    return function->runner->DeployLog(offset, bytes_max);
  }

  Result<void> Replay(const std::string& name, int64_t event_sequence) override {
    return core_->Replay(name, event_sequence);
  }
  Result<void> ReplayRun(int64_t id) override {
    const sched::RunRecord run = TRY(core_->runs().Get(id));
    if (run.kind != kRunKind)
      return MakeError(ErrorKind::kInvalid, fmt::format("run {} isn't a function's", id),
                       "run.not_a_function");
    return core_->Replay(run.job, run.sequence);
  }

 private:
  Result<LivePtr> Running(const std::string& name) const {
    LivePtr function = TRY(core_->Find(name));
    if (core_->IsRunning(*function)) return function;
    return MakeError(ErrorKind::kUnavailable, "the functions are starting; try again");
  }

  const std::shared_ptr<FunctionsCore> core_;
};

}  // namespace

std::string SubscriberOf(std::string_view function) { return "function/" + std::string(function); }

std::unique_ptr<Functions> Functions::Make(FunctionsOptions options, events::Dispatcher& dispatcher,
                                           sched::Runs& runs, Clock& clock) {
  return std::make_unique<FunctionsOfCore>(
      std::make_shared<FunctionsCore>(options, dispatcher, runs, clock));
}

}  // namespace caudal::functions
