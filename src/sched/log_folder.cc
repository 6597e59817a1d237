#include "sched/log_folder.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <utility>
#include <vector>

#include "os/file.h"

namespace caudal::sched {
namespace {

// The runs that have a log, oldest first.
Result<std::vector<int64_t>> RunsIn(const std::string& folder) {
  std::vector<int64_t> runs;
  const std::vector<os::DirEntry> entries = TRY(os::ListDir(folder));
  for (const os::DirEntry& entry : entries) {
    int64_t run = 0;
    const char* end = entry.name.data() + entry.name.size();
    const auto [stop, failure] = std::from_chars(entry.name.data(), end, run);
    if (failure == std::errc() && std::string_view(stop, end) == ".log") runs.push_back(run);
  }
  std::sort(runs.begin(), runs.end());
  return runs;
}

uint64_t SizeOf(const std::string& path) {
  const Result<os::File> file = os::File::Open(path, os::File::Mode::kRead);
  if (!file.ok()) return 0;
  const Result<uint64_t> size = file->Size();
  return size.ok() ? *size : 0;
}

}  // namespace

Result<std::unique_ptr<LogFolder>> LogFolder::Open(std::string folder, uint64_t bytes_each,
                                                   uint64_t bytes_all) {
  TRY(os::MakeDirs(folder, 0700));
  std::unique_ptr<LogFolder> logs(new LogFolder(std::move(folder), bytes_each, bytes_all));
  *logs->bytes_ = UINT64_MAX / 2;  // unknown
  TRY(logs->Trim());
  return logs;
}

std::string LogFolder::PathOf(int64_t run) const { return fmt::format("{}/{}.log", folder_, run); }

std::unique_ptr<RunLog> LogFolder::Create(int64_t run) const {
  return std::make_unique<RunLog>(PathOf(run), bytes_each_, bytes_);
}

Result<std::string> LogFolder::Read(int64_t run, uint64_t bytes_max) const {
  const Result<os::File> file = os::File::Open(PathOf(run), os::File::Mode::kRead);
  if (!file.ok() && file.error().Is(ErrorKind::kNotFound)) return std::string();
  if (!file.ok()) return file.error();
  const uint64_t size = TRY(file->Size());
  const uint64_t start = size > bytes_max ? size - bytes_max : 0;
  std::string text(size - start, '\0');
  const size_t read = TRY(file->ReadAt(start, text.data(), text.size()));
  text.resize(read);
  if (start > 0) text.erase(0, std::min(text.size(), text.find('\n') + 1));
  return text;
}

Result<void> LogFolder::Remove(int64_t run) {
  Result<void> removed = os::Remove(PathOf(run));
  if (!removed.ok() && removed.error().Is(ErrorKind::kNotFound)) return {};
  return removed;
}

Result<void> LogFolder::RemoveAbove(int64_t last) {
  const std::vector<int64_t> runs = TRY(RunsIn(folder_));
  for (const int64_t run : runs)
    if (run > last) TRY(Remove(run));
  return {};
}

Result<void> LogFolder::Trim() {
  MutexLock lock(trim_mutex_);
  const uint64_t before = bytes_->load();
  if (before <= bytes_all_) return {};
  const std::vector<int64_t> runs = TRY(RunsIn(folder_));
  uint64_t bytes = 0;
  std::vector<uint64_t> sizes;
  for (const int64_t run : runs) bytes += sizes.emplace_back(SizeOf(PathOf(run)));
  // A tenth more than needed, so that it isn't done for every run.
  const uint64_t wanted = bytes > bytes_all_ ? bytes_all_ / 10 * 9 : bytes;
  for (size_t i = 0; i < runs.size() && bytes > wanted; ++i) {
    TRY(Remove(runs[i]));
    bytes -= sizes[i];
  }
  // What was written meanwhile stays counted.
  *bytes_ += bytes - before;
  return {};
}

}  // namespace caudal::sched
