#include "engine/worker_process.h"

#include <algorithm>
#include <cstdlib>

#include "base/log.h"

namespace caudal::engine {
namespace {

using std::chrono::steady_clock;

constexpr int kSocketFd = 3;
// The kernel ends a worker rather than the server when memory runs out.
constexpr int kOomScore = 800;
constexpr std::chrono::seconds kStartWait{30};
constexpr std::chrono::seconds kEndWait{5};
constexpr std::chrono::milliseconds kLastMoment{500};
// A worker is replaced after so many sessions, or when it keeps so much memory.
constexpr int kSessionsMax = 500;
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr uint64_t kBytesKeptMax = 2u << 30;
#else
constexpr uint64_t kBytesKeptMax = 192u << 20;
#endif
constexpr size_t kLastWordsMax = 2000;

// No secret of the server's environment gets into a worker.
std::vector<std::string> WorkerEnvironment() {
  std::vector<std::string> environment = {"TZ=UTC", "LANG=C.UTF-8"};
  for (const char* name : {"ASAN_OPTIONS", "UBSAN_OPTIONS"}) {
    const char* value = std::getenv(name);
    if (value != nullptr) environment.push_back(std::string(name) + "=" + value);
  }
#if defined(__SANITIZE_THREAD__)
  // DuckDB isn't instrumented: how its threads keep apart is half in sight, half not.
  environment.emplace_back("TSAN_OPTIONS=report_bugs=0");
#endif
  return environment;
}

Result<void> CopyFile(const std::string& from, const std::string& to) {
  const os::File source = TRY(os::File::Open(from, os::File::Mode::kRead));
  os::File target = TRY(os::File::Open(to, os::File::Mode::kCreateNew));
  std::string buffer(1 << 20, '\0');
  for (uint64_t offset = 0;;) {
    const size_t n = TRY(source.ReadAt(offset, buffer.data(), buffer.size()));
    if (n == 0) return {};
    TRY(target.WriteAt(offset, std::string_view(buffer).substr(0, n)));
    offset += n;
  }
}

}  // namespace

Result<void> CheckFileName(std::string_view name) {
  constexpr std::string_view kAllowed =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.";
  const bool plain = !name.empty() && name.size() <= 100 && name[0] != '.' &&
                     name.find_first_not_of(kAllowed) == std::string_view::npos;
  if (plain) return {};
  return MakeError(ErrorKind::kInvalid, "'" + std::string(name) +
                                            "' can't name a file of a session: letters, digits, "
                                            "'_', '-' and '.', up to 100, not '.' first");
}

Result<void> EmptyDir(const std::string& path) {
  const std::vector<os::DirEntry> entries = TRY(os::ListDir(path));
  for (const os::DirEntry& entry : entries) TRY(os::RemoveTree(path + "/" + entry.name));
  return {};
}

Result<std::unique_ptr<WorkerProcess>> WorkerProcess::Start(const EngineOptions& options,
                                                            int number) {
  std::string folder = options.folder + "/" + std::to_string(number);
  for (const char* part : {"/in", "/out", "/tmp"}) {
    TRY(os::MakeDirs(folder + part));
    TRY(EmptyDir(folder + part));
  }
  os::File log = TRY(os::File::Open(folder + "/log", os::File::Mode::kOpenOrCreate));
  TRY(log.Truncate(0));
  auto [here, there] = TRY(os::MakeSocketPair());
  os::ProcessOptions process;
  process.argv = options.worker_command;
  process.environment = WorkerEnvironment();
  process.folder = folder;
  process.fds = {{there.fd(), kSocketFd}};
  process.output = log.fd();
  process.oom_score = kOomScore;
  std::unique_ptr<os::Process> started = TRY(os::Process::Start(process));
  there.Close();  // so that the socket ends with the worker
  std::unique_ptr<WorkerProcess> worker(
      new WorkerProcess(number, std::move(folder), std::move(started), std::move(here)));
  const Result<Frame> frame = worker->socket_.Receive(steady_clock::now() + kStartWait);
  if (!frame.ok() || frame->type != FrameType::kReady)
    return MakeError(ErrorKind::kUnavailable,
                     "a query worker doesn't start: " + worker->DescribeEnd(), "engine.crash");
  worker->ready_ = TRY(ReadyMessage::Read(frame->payload));
  return worker;
}

Result<void> WorkerProcess::AddInput(const Input& input) {
  TRY(CheckFileName(input.name));
  const std::string target = folder_ + "/in/" + input.name;
  const Result<void> linked = os::HardLink(input.path, target);
  if (linked.ok()) return {};
  if (linked.error().Is(ErrorKind::kAlreadyExists))
    return MakeError(ErrorKind::kInvalid, "two files of the session are named " + input.name);
  if (linked.error().Is(ErrorKind::kNotFound)) return linked;
  // Another file system, a link too many, a file of another owner.
  const Result<void> copied = CopyFile(input.path, target);
  if (!copied.ok()) (void)os::Remove(target);
  return copied;
}

uint64_t WorkerProcess::OutputBytes() const {
  uint64_t bytes = 0;
  for (std::vector<std::string> left = {folder_ + "/out"}; !left.empty();) {
    const std::string dir = std::move(left.back());
    left.pop_back();
    const Result<std::vector<os::DirEntry>> entries = os::ListDir(dir);
    if (!entries.ok()) continue;
    for (const os::DirEntry& entry : *entries) {
      const std::string path = dir + "/" + entry.name;
      if (entry.is_dir) {
        left.push_back(path);
      } else {
        bytes += os::SizeOf(path);
      }
    }
  }
  return bytes;
}

bool WorkerProcess::SendEnd() {
  const auto deadline = steady_clock::now() + kEndWait;
  if (!socket_.Send(FrameType::kEnd, "", -1, deadline).ok()) return false;
  while (true) {
    const Result<Frame> frame = socket_.Receive(deadline);
    if (!frame.ok()) return false;
    if (frame->type == FrameType::kEnded) return true;
    if (frame->type != FrameType::kProgress) return false;
  }
}

bool WorkerProcess::EndSession() {
  if (++sessions_ >= kSessionsMax || !SendEnd()) return false;
  for (const char* part : {"/in", "/out", "/tmp"})
    if (!EmptyDir(folder_ + part).ok()) return false;
  if (process_->PrivateBytes() < kBytesKeptMax) return true;
  // It may keep memory for the next session.
  return SendEnd() && process_->PrivateBytes() < kBytesKeptMax;
}

std::string WorkerProcess::DescribeEnd() {
  // Its socket may be closed a moment before it has ended.
  std::optional<os::ExitStatus> status = process_->Wait(kLastMoment);
  if (!status) {
    process_->Kill();
    status = process_->Wait(kEndWait);
  }
  const std::string end = status ? Describe(*status) : "it doesn't end";
  const Result<std::string> words = os::ReadFile(folder_ + "/log", 1u << 20);
  if (words.ok() && !words->empty())
    LogWarning("engine worker's last words",
               {{"worker", number_},
                {"text", words->substr(words->size() - std::min(words->size(), kLastWordsMax))}});
  return end;
}

}  // namespace caudal::engine
