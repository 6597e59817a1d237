#include "engine/engine.h"

#include <algorithm>

#include "engine/pool.h"
#include "engine/session.h"
#include "engine/watchdog.h"
#include "os/file.h"

namespace caudal::engine {
namespace {

using std::chrono::steady_clock;

constexpr std::chrono::seconds kBeginWait{30};

class WorkerEngine final : public Engine {
 public:
  explicit WorkerEngine(const EngineOptions& options) : pool_(options) {}
  ~WorkerEngine() override {
    CAUDAL_CHECK(watchdog_.sessions() == 0, "sessions must be gone before their engine");
  }

  Result<void> Start() { return pool_.Start(); }
  Result<std::unique_ptr<Session>> Open(const SessionRequest& request) override;
  void Shutdown() override {
    pool_.Shutdown();
    watchdog_.CloseAll();
  }
  EngineStats stats() const override {
    EngineStats stats = pool_.stats();
    stats.resident_bytes += watchdog_.ResidentBytes();
    return stats;
  }

 private:
  Pool pool_;
  mutable Watchdog watchdog_;
};

Result<void> CheckLimits(const Limits& limits) {
  if (limits.memory_bytes < (16u << 20))
    return MakeError(ErrorKind::kInvalid, "`memory` must be 16 MiB or more");
  if (limits.threads < 1 || limits.threads > 256)
    return MakeError(ErrorKind::kInvalid, "`threads` must be 1 to 256");
  if (limits.time <= std::chrono::milliseconds(0))
    return MakeError(ErrorKind::kInvalid, "`time` must be more than nothing");
  return {};
}

enum class Begun : uint8_t { kYes, kWorkerGone };

// Makes the worker ready for the session.
Result<Begun> Begin(WorkerProcess& worker, const SessionRequest& request) {
  for (const Input& input : request.inputs) TRY(worker.AddInput(input));
  const BeginMessage message{request.limits, request.settings, request.undone};
  worker.set_ready_again(request.undone);
  const auto deadline = steady_clock::now() + kBeginWait;
  if (!worker.socket().Send(FrameType::kBegin, message.Write(), -1, deadline).ok())
    return Begun::kWorkerGone;
  const Result<Frame> frame = worker.socket().Receive(deadline);
  if (!frame.ok()) return Begun::kWorkerGone;
  if (frame->type == FrameType::kBegun) return Begun::kYes;
  if (frame->type != FrameType::kFailed) return Begun::kWorkerGone;
  FailedMessage failed = TRY(FailedMessage::Read(frame->payload));
  return std::move(failed.error);
}

Result<std::unique_ptr<Session>> WorkerEngine::Open(const SessionRequest& request) {
  TRY(CheckLimits(request.limits));
  // An idle worker may have died unnoticed: the next one is taken then.
  for (int attempt = 0; attempt < 3; ++attempt) {
    std::unique_ptr<WorkerProcess> worker = TRY(pool_.Take());
    Result<Begun> begun = Begin(*worker, request);
    if (begun.ok() && *begun == Begun::kYes)
      return std::unique_ptr<Session>(
          new WorkerSession(pool_, watchdog_, std::move(worker), request.limits));
    pool_.GiveBack(std::move(worker), !begun.ok());
    if (!begun.ok()) return std::move(begun).error();
    pool_.CountEnd(false);
  }
  return MakeError(ErrorKind::kUnavailable, "query workers die before they begin", "engine.crash");
}

}  // namespace

Result<std::unique_ptr<Engine>> Engine::Make(const EngineOptions& options) {
  CAUDAL_CHECK(!options.worker_command.empty() && options.workers_max > 0, "engine options");
  TRY(os::RemoveTree(options.folder));
  TRY(os::MakeDirs(options.folder + "/taken"));
  auto engine = std::make_unique<WorkerEngine>(options);
  TRY(engine->Start());
  return std::unique_ptr<Engine>(std::move(engine));
}

}  // namespace caudal::engine
