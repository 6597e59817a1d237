// What a run printed: a plain text file of bounded size.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/mutex.h"
#include "base/result.h"
#include "os/file.h"

namespace caudal::sched {

// Keeps the beginning and the end: the first half of `bytes_max` goes to the file as it comes, the
// last half stays in memory until Close, with a line that says how much is missing between them.
// Secrets are masked. The file is made by the first byte; none is synced: a log is no truth.
// Thread-safe. What can't be written is dropped, with one line in the server's log.
class RunLog {
 public:
  // Adds what it writes to `total`.
  RunLog(std::string path, uint64_t bytes_max, std::shared_ptr<std::atomic<uint64_t>> total);
  ~RunLog();  // Close
  RunLog(const RunLog&) = delete;
  RunLog& operator=(const RunLog&) = delete;

  // Whole lines best; a line that comes in pieces is masked piece by piece.
  void Write(std::string_view text) EXCLUDES(mutex_);
  // A line of Caudal's own, told apart from the job's.
  void Note(std::string_view line);
  void Close() EXCLUDES(mutex_);
  const std::string& path() const { return path_; }

 private:
  void ToFile(std::string_view text) REQUIRES(mutex_);
  void ToTail(std::string_view text) REQUIRES(mutex_);

  const std::string path_;
  const uint64_t half_;
  const std::shared_ptr<std::atomic<uint64_t>> total_;
  Mutex mutex_;
  os::File file_ GUARDED_BY(mutex_);
  uint64_t written_ GUARDED_BY(mutex_) = 0;
  uint64_t dropped_ GUARDED_BY(mutex_) = 0;
  std::string tail_ GUARDED_BY(mutex_);  // a ring once it is full
  size_t tail_start_ GUARDED_BY(mutex_) = 0;
  bool failed_ GUARDED_BY(mutex_) = false;
  bool closed_ GUARDED_BY(mutex_) = false;
};

}  // namespace caudal::sched
