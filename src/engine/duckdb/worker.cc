#include "engine/worker.h"

#include <algorithm>
#include <optional>
#include <thread>
#include <utility>

#include "base/log.h"
#include "base/mutex.h"
#include "engine/duckdb/database.h"
#include "engine/duckdb/database_supply.h"
#include "engine/duckdb/rows_sender.h"
#include "engine/duckdb/script.h"
#include "engine/frames.h"
#include "engine/protocol.h"
#include "os/file.h"
#include "os/sandbox.h"
#include "os/signals.h"

namespace caudal::engine {
namespace {

using std::chrono::steady_clock;

constexpr int kSocketFd = 3;
// The server reads when its caller asks for something; when it is gone, sending fails.
constexpr os::Deadline kForever = os::Deadline::max();
constexpr std::chrono::milliseconds kProgressEvery{100};
constexpr uint64_t kSegmentMaxLeast = 16u << 20;
// An interrupt between two statements is forgotten by DuckDB: it is repeated until it is heard.
constexpr std::chrono::milliseconds kInterruptEvery{5};
constexpr std::chrono::milliseconds kWriteBackEvery{200};
// For the next session, by one that has ended.
constexpr std::chrono::seconds kMemoryKept{1};

// Three threads: one reads the socket, so that an interrupt is heard at any time; one runs
// statements; one has the disk write what they make.
class Worker {
 public:
  explicit Worker(os::File socket) : socket_(std::move(socket)) {}

  Result<void> Serve(const ReadyMessage& ready) {
    TRY(supply_.Start());
    std::thread runner([this] { RunStatements(); });
    std::thread writer([this] { WriteBack(); });
    // Never joined: the process ends with the socket, whatever they do then.
    runner.detach();
    writer.detach();
    TRY(Send(FrameType::kReady, ready.Write()));
    while (true) {
      Result<Frame> frame = socket_.Receive(NextWakeUp());
      if (frame.ok()) {
        TRY(Handle(*frame));
      } else if (frame.error().Is(ErrorKind::kTimeout)) {
        WakeUp();
      } else {
        return std::move(frame).error();
      }
    }
  }

 private:
  Result<void> Send(FrameType type, std::string_view payload) {
    return socket_.Send(type, payload, -1, kForever);
  }

  Result<void> Handle(const Frame& frame) {
    switch (frame.type) {
      case FrameType::kBegin: {
        const BeginMessage message = TRY(BeginMessage::Read(frame.payload));
        return Begin(message);
      }
      case FrameType::kRun: {
        RunMessage message = TRY(RunMessage::Read(frame.payload));
        MutexLock lock(mutex_);
        // Before the next frame is read: it may be an interrupt.
        credit_.Start(message.number);
        running_ = message.number;
        interrupting_ = false;
        next_ = std::move(message);
        changed_.NotifyAll();
        return {};
      }
      case FrameType::kHide: {
        const HideMessage message = TRY(HideMessage::Read(frame.payload));
        return database_.visible_rows().Hide(message, frame.file);
      }
      case FrameType::kMore: {
        const NumberMessage message = TRY(NumberMessage::Read(frame.payload));
        credit_.Add(message.number);
        return {};
      }
      case FrameType::kInterrupt: {
        const NumberMessage message = TRY(NumberMessage::Read(frame.payload));
        if (credit_.Interrupt(message.number)) {
          MutexLock lock(mutex_);
          interrupting_ = running_ != 0;
        }
        WakeUp();
        return {};
      }
      case FrameType::kEnd:
        return End();
      default:
        return MakeError(ErrorKind::kInvalid, "a frame that no worker expects");
    }
  }

  Result<void> Begin(const BeginMessage& message) {
    segment_max_ = std::max(message.limits.memory_bytes / 2, kSegmentMaxLeast);
    // Temporary files and rows on their way grow as well; the server looks at the outputs besides.
    os::LimitFileSize(
        std::max({message.limits.output_bytes, message.limits.temp_bytes, segment_max_}));
    Result<Database> begun = supply_.Begin(message);
    if (!begun.ok()) return Send(FrameType::kFailed, FailedMessage{0, begun.error()}.Write());
    database_ = std::move(begun).take();
    in_session_ = true;
    undone_ = message.undone;
    return Send(FrameType::kBegun, "");
  }

  // A second end asks for the memory that was kept for the next session.
  Result<void> End() {
    if (in_session_) {
      supply_.End(std::exchange(database_, Database()), undone_);
      tidy_at_ = steady_clock::now() + kMemoryKept;
    } else {
      supply_.Tidy();
      tidy_at_.reset();
    }
    in_session_ = false;
    return Send(FrameType::kEnded, "");
  }

  steady_clock::time_point NextWakeUp() {
    if (tidy_at_ && !in_session_) return *tidy_at_;
    MutexLock lock(mutex_);
    if (running_ == 0) return steady_clock::time_point::max();
    return steady_clock::now() + (interrupting_ ? kInterruptEvery : kProgressEvery);
  }

  void WakeUp() {
    if (tidy_at_ && !in_session_ && steady_clock::now() >= *tidy_at_) {
      supply_.Tidy();
      tidy_at_.reset();
    }
    ProgressMessage message;
    {
      MutexLock lock(mutex_);
      if (running_ == 0 || credit_.waiting()) return;
      if (interrupting_) {
        duckdb_interrupt(database_.connection());
        return;
      }
      message.number = running_;
    }
    const duckdb_query_progress_type progress = duckdb_query_progress(database_.connection());
    message.progress = {std::max(progress.percentage, 0.0) / 100.0, progress.rows_processed};
    (void)socket_.TrySend(FrameType::kProgress, message.Write());
  }

  void RunStatements() {
    while (true) {
      RunMessage message;
      {
        MutexLock lock(mutex_);
        while (!next_) changed_.Wait(mutex_);
        message = std::move(*next_);
        next_.reset();
      }
      RowsSender sender(socket_, credit_, message.number, segment_max_);
      const Result<int64_t> ran =
          RunScript(database_.connection(), message.statement, credit_, sender);
      {
        MutexLock lock(mutex_);
        running_ = 0;
      }
      // The server may send the next statement as soon as it has this.
      const Result<void> sent =
          ran.ok() ? Send(FrameType::kFinished, FinishedMessage{message.number, *ran}.Write())
                   : Send(FrameType::kFailed, FailedMessage{message.number, ran.error()}.Write());
      if (!sent.ok()) os::ExitNow(0);  // nobody is there to tell
    }
  }

  // While files grow, so that the sync at their end is short.
  void WriteBack() {
    while (true) {
      {
        MutexLock lock(mutex_);
        while (running_ == 0) changed_.Wait(mutex_);
      }
      std::this_thread::sleep_for(kWriteBackEvery);
      const Result<std::vector<os::DirEntry>> entries = os::ListDir("out");
      if (!entries.ok()) continue;
      for (const os::DirEntry& entry : *entries) {
        Result<os::File> file = os::File::OpenPlain("out/" + entry.name);
        if (!file.ok()) continue;
        const Result<uint64_t> size = file->Size();
        if (size.ok()) file->StartWriteback(0, *size);
      }
    }
  }

  FrameSocket socket_;
  Credit credit_;
  // The runner's while a statement runs, the reader's between two.
  Database database_;
  // The reader's.
  DatabaseSupply supply_;
  bool in_session_ = false;
  bool undone_ = false;                              // the session is to be
  std::optional<steady_clock::time_point> tidy_at_;  // unless there is a session by then
  uint64_t segment_max_ = kSegmentMaxLeast;

  Mutex mutex_;
  CondVar changed_;
  std::optional<RunMessage> next_ GUARDED_BY(mutex_);
  uint64_t running_ GUARDED_BY(mutex_) = 0;  // the statement's number
  bool interrupting_ GUARDED_BY(mutex_) = false;
};

}  // namespace

int RunWorker() {
  os::IgnoreBrokenPipes();
  os::SandboxRules rules{{"in"}, {"out", "tmp"}};
  // DuckDB looks there for limits, whatever it is told, and aborts where it may not.
  for (const char* path : {"/proc/self/cgroup", "/sys/fs/cgroup"})
    if (os::Exists(path)) rules.read.emplace_back(path);
  const Result<os::SandboxReport> sandbox = os::EnterSandbox(rules);
  if (!sandbox.ok()) {
    LogError("engine worker not confined", {{"error", sandbox.error().message}});
    os::ExitNow(1);
  }
  ReadyMessage ready;
  ready.version = duckdb_library_version();
  ready.landlock = sandbox->landlock;
  ready.seccomp = sandbox->seccomp;
  Worker worker(os::File::FromFd(kSocketFd));
  const Result<void> served = worker.Serve(ready);
  const bool gone = served.error().Is(ErrorKind::kUnavailable);
  if (!gone) LogError("engine worker ends", {{"error", served.error().message}});
  // No destructors: a statement may still run.
  os::ExitNow(gone ? 0 : 1);
}

}  // namespace caudal::engine
