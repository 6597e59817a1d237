#include "functions/framework/framework_runner.h"

#include <fmt/format.h>

#include <algorithm>
#include <thread>

#include "base/log.h"
#include "base/mutex.h"
#include "data/timestamp.h"
#include "events/webhook_request.h"
#include "functions/framework/deployer.h"
#include "functions/framework/worker_pool.h"
#include "functions/functions.h"

namespace caudal::functions {
namespace {

constexpr size_t kAnswerBytesLogged = 4096;

WorkerPoolOptions PoolOptionsOf(const FunctionSpec& spec) {
  const auto& part = std::get<FrameworkPart>(spec.part);
  WorkerPoolOptions options;
  options.workers_max = spec.concurrency;
  options.memory_bytes = spec.memory_bytes;
  options.calls_max = part.calls_max;
  options.start_timeout = part.start_timeout;
  return options;
}

class FrameworkRunner final : public Runner {
 public:
  FrameworkRunner(const FunctionSpec& spec, FrameworkPlaces places, Clock& clock,
                  std::function<void()> changed)
      : spec_(spec),
        places_(std::move(places)),
        clock_(clock),
        pool_(PoolOptionsOf(spec),
              [this](std::shared_ptr<const Deployment> deployment, Print print) {
                return StartWorker(std::move(deployment), std::move(print));
              }),
        deployer_(spec_, places_.folder, clock, pool_, std::move(changed)) {}

  Result<RunResult> Run(const RunContext& context) override {
    const Print print = [&context](std::string_view text) { context.log.Write(text); };
    std::unique_ptr<Worker> worker = TRY(pool_.Acquire(print, context.cancel));
    Result<http::ClientResponse> response = worker->Call(RequestFor(context), print);
    const std::string words = response.ok() ? worker->LastWords() : "";
    pool_.Release(std::move(worker), response.ok());
    if (!response.ok()) return Explained(std::move(response).error());
    return ResultOf(*response, words, context);
  }

  RunnerStatus status() const override {
    RunnerStatus status = deployer_.status();
    Json workers = Json::array();
    for (const WorkerInfo& worker : pool_.Workers())
      workers.push_back({{"pid", worker.pid},
                         {"state", worker.state},
                         {"calls", worker.calls},
                         {"memory_bytes", worker.memory_bytes}});
    status.facts["workers"] = std::move(workers);
    return status;
  }
  Result<void> Deploy() override { return deployer_.Request(); }
  Result<std::string> DeployLog(uint64_t offset, uint64_t bytes_max) override {
    return deployer_.Log(offset, bytes_max);
  }

 private:
  Result<std::unique_ptr<Worker>> StartWorker(std::shared_ptr<const Deployment> deployment,
                                              Print print) {
    static std::atomic<uint64_t> number{0};
    Launch launch = MakeLaunch(spec_, *deployment, places_, ++number);
    return Worker::Start(std::move(launch), std::move(deployment), std::move(print));
  }

  http::ClientRequest RequestFor(const RunContext& context) const {
    events::WebhookTarget target;
    target.webhook.url = "http://localhost/";
    // From now on: the time that the process took to come up was its own.
    target.webhook.timeout = spec_.timeout;
    target.subscriber = SubscriberOf(spec_.name);
    http::ClientRequest request =
        events::MakeWebhookRequest(context.event, target, context.attempt, clock_.Now());
    request.headers.Set("Function-Execution-Id", std::to_string(context.run));
    request.cancel = context.cancel;
    return request;
  }

  Error Explained(Error error) const {
    if (error.Is(ErrorKind::kTimeout))
      error.message = fmt::format("the function took longer than its timeout of {} s",
                                  std::chrono::duration<double>(spec_.timeout).count());
    return error;
  }

  Result<RunResult> ResultOf(const http::ClientResponse& response, const std::string& words,
                             const RunContext& context) const {
    RunResult result;
    result.report["http_status"] = response.status;
    if (response.status >= 200 && response.status <= 299) return result;
    if (!response.body.empty())
      context.log.Write(response.body.substr(0, kAnswerBytesLogged) + "\n");
    return MakeError(ErrorKind::kUnavailable,
                     fmt::format("the function answered HTTP {}{}{}", response.status,
                                 words.empty() ? "" : ": ", words),
                     "function.status");
  }

  const FunctionSpec spec_;
  const FrameworkPlaces places_;
  Clock& clock_;
  WorkerPool pool_;
  Deployer deployer_;  // uses the pool, so it goes first
};

}  // namespace

std::unique_ptr<Runner> MakeFrameworkRunner(const FunctionSpec& spec, FrameworkPlaces places,
                                            Clock& clock, std::function<void()> changed) {
  return std::make_unique<FrameworkRunner>(spec, std::move(places), clock, std::move(changed));
}

}  // namespace caudal::functions
