// A session: one worker, lent, and what watches over it.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/mutex.h"
#include "base/result.h"
#include "engine/engine.h"
#include "engine/pool.h"
#include "engine/worker_process.h"

namespace caudal::engine {

class Watchdog;

class WorkerSession final : public Session {
 public:
  // The worker has been told of the session. Gives it back to `pool` in the end.
  WorkerSession(Pool& pool, Watchdog& watchdog, std::unique_ptr<WorkerProcess> worker,
                const Limits& limits);
  ~WorkerSession() override;

  Result<void> AddInput(const Input& input) override;
  Result<void> HideRows(const std::vector<HiddenRows>& rows) override;
  Result<std::unique_ptr<Rows>> Run(const Statement& statement) override;
  void Cancel() override EXCLUDES(mutex_);
  Progress progress() const override EXCLUDES(mutex_);
  SessionStats stats() const override EXCLUDES(mutex_);
  Result<Output> TakeOutput(const std::string& name) override;

  // For Rows: the next frame of the statement, anything but progress. A failed statement and a dead
  // worker are errors; then, and with kFinished, the statement is over.
  Result<Frame> NextFrame(uint64_t number) EXCLUDES(mutex_);
  // Reads `frame` as the message it should be; a worker that sends anything else is ended.
  template <class Message>
  Result<Message> ReadAs(const Frame& frame, FrameType type);
  // The error of a worker that sent what can't be; it is ended.
  Error TalksNonsense(const Error& what) EXCLUDES(mutex_);
  // Rows were taken in: more may come.
  void AskForMore(uint64_t number);
  // Counts what Rows waited.
  void AddTime(std::chrono::steady_clock::time_point since) EXCLUDES(mutex_);
  // Nobody wants the rest of the statement's rows: stops it and waits for its end.
  void Abandon(uint64_t number) EXCLUDES(mutex_);

  uint64_t ResidentBytes() const { return worker_->process().ResidentBytes(); }
  // For the watchdog: looks at the limits. Returns when to look again at the latest.
  std::chrono::steady_clock::time_point Look(std::chrono::steady_clock::time_point now)
      EXCLUDES(mutex_);
  void Close() EXCLUDES(mutex_);  // the engine shuts down

 private:
  // The session is over for this reason: what runs is asked to stop, or killed at once.
  void End(Error reason, bool kill) REQUIRES(mutex_);
  void StopStatement() REQUIRES(mutex_);
  void Kill() REQUIRES(mutex_);
  Result<void> CheckOpen() const EXCLUDES(mutex_);
  void StatementEnded() EXCLUDES(mutex_);
  // Decides which error a statement's end shows, and whether the session goes on.
  Error Conclude(Error error) EXCLUDES(mutex_);
  Error WorkerDied() EXCLUDES(mutex_);

  Pool& pool_;
  Watchdog& watchdog_;
  std::unique_ptr<WorkerProcess> worker_;  // there until the destructor
  const Limits limits_;
  const std::chrono::steady_clock::time_point deadline_;
  uint64_t statements_ = 0;  // the calling thread's

  mutable Mutex mutex_;
  std::optional<Error> over_ GUARDED_BY(mutex_);
  uint64_t running_ GUARDED_BY(mutex_) = 0;  // the statement's number
  std::optional<std::chrono::steady_clock::time_point> kill_at_ GUARDED_BY(mutex_);
  bool killed_ GUARDED_BY(mutex_) = false;
  bool dead_ GUARDED_BY(mutex_) = false;  // or not to be used again
  Progress progress_ GUARDED_BY(mutex_);
  SessionStats stats_ GUARDED_BY(mutex_);
  std::chrono::steady_clock::time_point next_output_look_ GUARDED_BY(mutex_);
};

}  // namespace caudal::engine
