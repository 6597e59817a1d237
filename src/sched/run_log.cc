#include "sched/run_log.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/log.h"

namespace caudal::sched {

RunLog::RunLog(std::string path, uint64_t bytes_max, std::shared_ptr<std::atomic<uint64_t>> total)
    : path_(std::move(path)),
      half_(std::max<uint64_t>(bytes_max / 2, 1)),
      total_(std::move(total)) {}

RunLog::~RunLog() { Close(); }

void RunLog::Write(std::string_view text) {
  if (text.empty()) return;
  const std::string masked = MaskSecrets(text);
  MutexLock lock(mutex_);
  if (closed_) return;
  std::string_view rest = masked;
  if (written_ < half_) {
    const std::string_view head = rest.substr(0, half_ - written_);
    ToFile(head);
    rest.remove_prefix(head.size());
  }
  if (!rest.empty()) ToTail(rest);
}

void RunLog::Note(std::string_view line) { Write(fmt::format("caudal: {}\n", line)); }

void RunLog::Close() {
  MutexLock lock(mutex_);
  if (closed_) return;
  closed_ = true;
  if (dropped_ > 0) ToFile(fmt::format("\ncaudal: {} bytes are left out here\n", dropped_));
  ToFile(std::string_view(tail_).substr(tail_start_));
  ToFile(std::string_view(tail_).substr(0, tail_start_));
  tail_ = std::string();
  file_.Close();
}

void RunLog::ToFile(std::string_view text) {
  if (text.empty() || failed_) return;
  const auto write = [&]() -> Result<void> {
    if (!file_.is_open()) {
      file_ = TRY(os::File::Open(path_, os::File::Mode::kOpenOrCreate));
      TRY(file_.Truncate(0));
    }
    return file_.WriteAt(written_, text);
  };
  const Result<void> done = write();
  if (!done.ok()) {
    failed_ = true;
    LogWarning("the log of a run can't be written",
               {{"file", path_}, {"error", done.error().message}});
  }
  written_ += text.size();
  *total_ += text.size();
}

void RunLog::ToTail(std::string_view text) {
  if (text.size() > half_) {
    dropped_ += text.size() - half_;
    text.remove_prefix(text.size() - half_);
  }
  const std::string_view fits = text.substr(0, half_ - tail_.size());
  tail_.append(fits);
  text.remove_prefix(fits.size());
  dropped_ += text.size();
  while (!text.empty()) {
    const size_t n = std::min(text.size(), tail_.size() - tail_start_);
    tail_.replace(tail_start_, n, text.substr(0, n));
    tail_start_ = (tail_start_ + n) % tail_.size();
    text.remove_prefix(n);
  }
}

}  // namespace caudal::sched
