#include "functions/framework/worker.h"

#include <fmt/format.h>

#include "base/log.h"
#include "os/file.h"
#include "os/process_watch.h"
#include "os/unix_socket.h"

namespace caudal::functions {
namespace {

using std::chrono::milliseconds;

constexpr size_t kLastBytes = 4096;
constexpr int kPiecesAtOnce = 32;  // more than a pipe holds
constexpr milliseconds kLookAgain{100};
// How long a process whose connection broke is given to be gone, so that the error can say how.
constexpr milliseconds kDying{300};

}  // namespace

Result<std::unique_ptr<Worker>> Worker::Start(Launch launch,
                                              std::shared_ptr<const Deployment> deployment,
                                              Print print) {
  std::unique_ptr<Worker> worker(new Worker(launch, std::move(deployment), std::move(print)));
  os::Pipe pipe = TRY(os::MakePipe());
  os::ProcessOptions options = launch.process;
  options.output = pipe.write.fd();
  worker->process_ = TRY(os::Process::Start(options));
  // It has started nothing by now.
  if (worker->group_) {
    const Result<void> added = worker->group_->Add(worker->process_->pid());
    if (!added.ok())
      LogWarning("a function process isn't in its control group; its memory is watched",
                 {{"function", launch.function}, {"error", added.error().message}});
  }
  worker->output_ = std::move(pipe.read);
  worker->reader_ = std::thread([w = worker.get()] { w->ReadOutput(); });
  return worker;
}

Worker::~Worker() {
  if (process_) {
    process_->Kill();
    if (group_) group_->Kill();
    (void)process_->Wait(milliseconds::max());
    // Those that left its group, where the kernel has no better one.
    os::ProcessWatch(kMarkVariable).Kill({0, mark_});
  }
  stop_reading_ = true;
  if (reader_.joinable()) reader_.join();
  (void)os::Remove(socket_).ok();
}

bool Worker::Listening() const { return os::Listens(socket_); }

std::optional<os::ExitStatus> Worker::Ended() const { return process_->Wait(milliseconds(0)); }

void Worker::ReadOutput() {
  while (!stop_reading_) {
    if (os::WaitReadable(output_, kLookAgain) && !ReadWhatIsThere()) return;
  }
}

bool Worker::ReadWhatIsThere() {
  MutexLock lock(print_mutex_);
  std::string piece(4096, '\0');
  for (int i = 0; i < kPiecesAtOnce && os::WaitReadable(output_, milliseconds(0)); ++i) {
    const Result<size_t> n = os::ReadSome(output_, piece.data(), piece.size(), milliseconds(0));
    if (!n.ok() || *n == 0) return false;
    const std::string_view text = std::string_view(piece).substr(0, *n);
    last_ += text;
    if (last_.size() > 2 * kLastBytes) last_.erase(0, last_.size() - kLastBytes);
    if (print_) print_(text);
  }
  return true;
}

void Worker::SetPrint(Print print) {
  // What it has printed so far belongs to whoever listened so far.
  (void)ReadWhatIsThere();
  MutexLock lock(print_mutex_);
  print_ = std::move(print);
}

std::string Worker::LastWords() const {
  MutexLock lock(print_mutex_);
  return TellingLine(last_);
}

void Worker::End(Error reason) {
  {
    MutexLock lock(reason_mutex_);
    if (!reason_) reason_ = std::move(reason);
  }
  process_->Terminate();
}

void Worker::Kill() {
  if (group_) group_->Kill();
  process_->Kill();
}

Error Worker::WhyItBrokeOff(const Error& error) {
  {
    MutexLock lock(reason_mutex_);
    if (reason_) return *reason_;
  }
  if (group_ && group_->OutOfMemory())
    return MakeError(
        ErrorKind::kLimit,
        fmt::format("the function used more than its memory of {} MiB", memory_bytes_ >> 20),
        "function.limit");
  if (!error.Is(ErrorKind::kUnavailable)) return error;
  const std::optional<os::ExitStatus> ended = process_->Wait(kDying);
  (void)ReadWhatIsThere();
  const std::string words = LastWords();
  return MakeError(ErrorKind::kUnavailable,
                   fmt::format("the function's process {}{}{}",
                               ended ? "ended with " + os::Describe(*ended) : "broke off",
                               words.empty() ? "" : ": ", words),
                   "function.crash");
}

Result<http::ClientResponse> Worker::Call(http::ClientRequest request, const Print& print) {
  ++calls_;
  SetPrint(print);
  {
    MutexLock lock(print_mutex_);
    last_.clear();
  }
  request.direct = true;
  request.unix_socket = socket_;
  Result<http::ClientResponse> response = client_.Send(request);
  if (!response.ok()) response = WhyItBrokeOff(response.error());
  // What was printed before the answer is in the pipe by now.
  SetPrint(nullptr);
  return response;
}

}  // namespace caudal::functions
