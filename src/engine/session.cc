#include "engine/session.h"

#include <algorithm>

#include "base/log.h"
#include "engine/result_rows.h"
#include "engine/watchdog.h"
#include "os/shared_memory.h"

namespace caudal::engine {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

// From being asked to stop to being killed: together with the asking, less than 100 ms.
constexpr milliseconds kStopWait{70};
constexpr milliseconds kLookEvery{20};
constexpr milliseconds kLookAtOutputEvery{100};
constexpr std::chrono::seconds kSendWait{30};
// Beyond what DuckDB counts: itself, and what its functions allocate for a moment. Sanitizers keep
// several bytes for one.
constexpr uint64_t kUncountedBytes = 256u << 20;
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr uint64_t kTimes = 8;
#else
constexpr uint64_t kTimes = 1;
#endif

uint64_t PrivateLimit(const Limits& limits) {
  return kTimes * (limits.memory_bytes + std::max(limits.memory_bytes / 4, kUncountedBytes));
}

std::string Text(uint64_t bytes) { return std::to_string(bytes >> 20) + " MiB"; }

}  // namespace

WorkerSession::WorkerSession(Pool& pool, Watchdog& watchdog, std::unique_ptr<WorkerProcess> worker,
                             const Limits& limits)
    : pool_(pool),
      watchdog_(watchdog),
      worker_(std::move(worker)),
      limits_(limits),
      deadline_(steady_clock::now() + limits.time) {
  watchdog_.Add(this);
}

WorkerSession::~WorkerSession() {
  watchdog_.Remove(this);
  bool usable = false;
  {
    MutexLock lock(mutex_);
    usable = !dead_ && !killed_ && running_ == 0;
  }
  pool_.GiveBack(std::move(worker_), usable);
}

Result<void> WorkerSession::CheckOpen() const {
  MutexLock lock(mutex_);
  if (over_) return *over_;
  return {};
}

Result<void> WorkerSession::AddInput(const Input& input) {
  TRY(CheckOpen());
  return worker_->AddInput(input);
}

Result<void> WorkerSession::HideRows(const std::vector<HiddenRows>& rows) {
  TRY(CheckOpen());
  HideMessage message;
  std::vector<std::string_view> parts;
  uint64_t words = 0;
  for (const HiddenRows& one : rows) {
    message.inputs.push_back({InputPath(one.input), words, one.words.size()});
    parts.emplace_back(reinterpret_cast<const char*>(one.words.data()), one.words.size_bytes());
    words += one.words.size();
  }
  if (words * sizeof(uint64_t) > limits_.memory_bytes)
    return MakeError(ErrorKind::kLimit,
                     "the deleted rows of its files take more memory than the limit of " +
                         Text(limits_.memory_bytes) + "; raise `memory`",
                     "engine.memory");
  const os::File memory = TRY(os::MakeSealedMemory(parts));
  const Result<void> sent = worker_->socket().Send(FrameType::kHide, message.Write(), memory.fd(),
                                                   steady_clock::now() + kSendWait);
  if (!sent.ok()) return WorkerDied();
  return {};
}

Result<std::unique_ptr<Rows>> WorkerSession::Run(const Statement& statement) {
  const auto start = steady_clock::now();
  const RunMessage message{++statements_, statement};
  const std::string payload = message.Write();
  if (payload.size() > kFrameBytesMax)
    return MakeError(ErrorKind::kInvalid, "the SQL is longer than 64 MiB");
  {
    MutexLock lock(mutex_);
    if (over_) return *over_;
    CAUDAL_CHECK(running_ == 0, "the rows before must be gone");
    running_ = message.number;
    progress_ = {};
  }
  const Result<void> sent =
      worker_->socket().Send(FrameType::kRun, payload, -1, steady_clock::now() + kSendWait);
  if (!sent.ok()) return WorkerDied();
  Result<Frame> first = NextFrame(message.number);
  AddTime(start);
  const Frame frame = TRY(std::move(first));
  if (frame.type == FrameType::kFinished) {
    const FinishedMessage finished = TRY(ReadAs<FinishedMessage>(frame, FrameType::kFinished));
    return std::unique_ptr<Rows>(new ResultRows(*this, finished));
  }
  DescribedMessage described = TRY(ReadAs<DescribedMessage>(frame, FrameType::kDescribed));
  return std::unique_ptr<Rows>(new ResultRows(*this, std::move(described)));
}

Result<Frame> WorkerSession::NextFrame(uint64_t number) {
  while (true) {
    // Without a deadline: the watchdog kills the worker at the session's.
    Result<Frame> frame = worker_->socket().Receive(os::Deadline::max());
    if (!frame.ok()) return WorkerDied();
    if (frame->type == FrameType::kProgress) {
      const ProgressMessage message = TRY(ReadAs<ProgressMessage>(*frame, FrameType::kProgress));
      MutexLock lock(mutex_);
      if (message.number == number) progress_ = message.progress;
      continue;
    }
    if (frame->type == FrameType::kFailed) {
      FailedMessage message = TRY(ReadAs<FailedMessage>(*frame, FrameType::kFailed));
      StatementEnded();
      return Conclude(std::move(message.error));
    }
    if (frame->type == FrameType::kFinished) {
      StatementEnded();
      TRY(CheckOpen());  // it may have been cancelled in its last moment
    }
    return frame;
  }
}

template <class Message>
Result<Message> WorkerSession::ReadAs(const Frame& frame, FrameType type) {
  if (frame.type != type)
    return TalksNonsense(MakeError(ErrorKind::kInvalid, "an unexpected frame"));
  Result<Message> message = Message::Read(frame.payload);
  if (!message.ok()) return TalksNonsense(message.error());
  return message;
}
template Result<SegmentMessage> WorkerSession::ReadAs(const Frame&, FrameType);
template Result<FinishedMessage> WorkerSession::ReadAs(const Frame&, FrameType);

void WorkerSession::AskForMore(uint64_t number) {
  // That it is gone shows when the next frame is read, after those that it sent before.
  (void)worker_->socket()
      .Send(FrameType::kMore, NumberMessage{number}.Write(), -1, steady_clock::now() + kSendWait)
      .ok();
}

void WorkerSession::Abandon(uint64_t number) {
  {
    MutexLock lock(mutex_);
    if (running_ != number) return;
    StopStatement();
  }
  watchdog_.Wake();
  while (true) {
    const Result<Frame> frame = NextFrame(number);
    if (!frame.ok() || frame->type == FrameType::kFinished) return;
  }
}

void WorkerSession::StatementEnded() {
  MutexLock lock(mutex_);
  running_ = 0;
  kill_at_.reset();
}

Error WorkerSession::Conclude(Error error) {
  MutexLock lock(mutex_);
  if (over_) return *over_;
  // An interrupt without a reason to end the session: its rows were abandoned.
  const bool goes_on = error.Is(ErrorKind::kInvalid) || error.Is(ErrorKind::kUnsupported) ||
                       error.Is(ErrorKind::kCancelled);
  if (!goes_on) over_ = error;
  if (error.Is(ErrorKind::kInternal)) dead_ = true;
  return error;
}

Error WorkerSession::WorkerDied() {
  const std::string end = worker_->DescribeEnd();
  MutexLock lock(mutex_);
  pool_.CountEnd(killed_);
  running_ = 0;
  kill_at_.reset();
  dead_ = true;
  if (over_) return *over_;
  if (killed_) {
    over_ = MakeError(ErrorKind::kUnavailable,
                      "the query worker was killed: its statement didn't stop when asked",
                      "engine.crash");
  } else {
    over_ = MakeError(ErrorKind::kUnavailable, "the query worker died of the statement: " + end,
                      "engine.crash");
    LogWarning("query worker died", {{"worker", worker_->number()}, {"how", end}});
  }
  return *over_;
}

Error WorkerSession::TalksNonsense(const Error& what) {
  {
    MutexLock lock(mutex_);
    if (!over_)
      over_ = MakeError(ErrorKind::kUnavailable,
                        "the query worker was killed: it answers nonsense (" + what.message + ")",
                        "engine.crash");
    Kill();
  }
  return WorkerDied();
}

void WorkerSession::AddTime(steady_clock::time_point since) {
  MutexLock lock(mutex_);
  stats_.time += std::chrono::duration_cast<std::chrono::microseconds>(steady_clock::now() - since);
}

void WorkerSession::Kill() {
  if (dead_) return;
  killed_ = true;
  kill_at_.reset();
  worker_->process().Kill();
}

void WorkerSession::StopStatement() {
  if (running_ == 0) return;
  // Where the socket is busy or full the kill is all there is.
  (void)worker_->socket().TrySend(FrameType::kInterrupt, NumberMessage{running_}.Write());
  kill_at_ = steady_clock::now() + kStopWait;
}

void WorkerSession::End(Error reason, bool kill) {
  if (over_) return;
  over_ = std::move(reason);
  if (kill) {
    Kill();
  } else {
    StopStatement();
  }
}

void WorkerSession::Cancel() {
  {
    MutexLock lock(mutex_);
    End(MakeError(ErrorKind::kCancelled, "the session was cancelled"), false);
  }
  watchdog_.Wake();
}

void WorkerSession::Close() {
  MutexLock lock(mutex_);
  End(MakeError(ErrorKind::kUnavailable, "the SQL engine shuts down", "engine.closed"), false);
}

steady_clock::time_point WorkerSession::Look(steady_clock::time_point now) {
  MutexLock lock(mutex_);
  if (dead_ || killed_) return now + std::chrono::hours(1);
  if (kill_at_ && now >= *kill_at_) {
    Kill();
    return now + std::chrono::hours(1);
  }
  stats_.resident_bytes_max =
      std::max(stats_.resident_bytes_max, worker_->process().ResidentBytes());
  if (worker_->process().PrivateBytes() > PrivateLimit(limits_))
    End(MakeError(ErrorKind::kLimit,
                  "the statement took far more memory than its limit of " +
                      Text(limits_.memory_bytes) + ", and was ended; raise `memory`",
                  "engine.memory"),
        true);
  if (now >= deadline_)
    End(MakeError(ErrorKind::kTimeout,
                  "it took longer than its limit of " + std::to_string(limits_.time.count()) +
                      " ms, and was ended; raise `time`",
                  "engine.time"),
        false);
  if (now >= next_output_look_) {
    next_output_look_ = now + kLookAtOutputEvery;
    const uint64_t bytes = worker_->OutputBytes();
    stats_.output_bytes = std::max(stats_.output_bytes, bytes);
    if (bytes > limits_.output_bytes)
      End(MakeError(ErrorKind::kLimit,
                    "the statement wrote more than its limit of " + Text(limits_.output_bytes) +
                        ", and was ended; raise `output`",
                    "engine.output"),
          false);
  }
  const auto next = now + kLookEvery;
  return kill_at_ ? std::min(next, *kill_at_) : next;
}

Progress WorkerSession::progress() const {
  MutexLock lock(mutex_);
  return progress_;
}

SessionStats WorkerSession::stats() const {
  MutexLock lock(mutex_);
  SessionStats stats = stats_;
  stats.resident_bytes_max = std::max(stats.resident_bytes_max, worker_->process().ResidentBytes());
  return stats;
}

Result<Output> WorkerSession::TakeOutput(const std::string& name) {
  TRY(CheckOpen());
  TRY(CheckFileName(name));
  const std::string path = worker_->folder() + "/out/" + name;
  Result<os::File> opened = os::File::OpenPlain(path);
  if (!opened.ok() && opened.error().Is(ErrorKind::kNotFound))
    return MakeError(ErrorKind::kNotFound, "no statement wrote out/" + name);
  os::File file = TRY(std::move(opened));
  Output output;
  output.path = pool_.NewOutputPath();
  output.bytes = TRY(file.Size());
  TRY(os::Rename(path, output.path));
  // DuckDB's COPY doesn't. Of what is published it is not for safety: that syncs by itself.
  file.Sync(output.path);
  MutexLock lock(mutex_);
  stats_.output_bytes = std::max(stats_.output_bytes, output.bytes);
  return output;
}

Result<int64_t> Session::Execute(const Statement& statement) {
  const std::unique_ptr<Rows> rows = TRY(Run(statement));
  while (true) {
    const std::optional<Batch> batch = TRY(rows->Next());
    if (!batch) return rows->rows_changed();
  }
}

}  // namespace caudal::engine
