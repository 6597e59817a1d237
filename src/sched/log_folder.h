// The logs of all runs: one file each, bounded one by one and together.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>

#include "base/mutex.h"
#include "base/result.h"
#include "sched/run_log.h"

namespace caudal::sched {

// Thread-safe.
class LogFolder {
 public:
  // Makes the folder where it is missing.
  static Result<std::unique_ptr<LogFolder>> Open(std::string folder, uint64_t bytes_each,
                                                 uint64_t bytes_all);

  std::unique_ptr<RunLog> Create(int64_t run) const;
  // The last `bytes_max` bytes, from the beginning of a line; empty when there is no log.
  Result<std::string> Read(int64_t run, uint64_t bytes_max) const;
  Result<void> Remove(int64_t run);
  // Removes the logs of runs above `last`: their records were lost with the power.
  Result<void> RemoveAbove(int64_t last);
  // Removes the oldest logs while all together are too large.
  Result<void> Trim() EXCLUDES(trim_mutex_);

 private:
  LogFolder(std::string folder, uint64_t bytes_each, uint64_t bytes_all)
      : folder_(std::move(folder)), bytes_each_(bytes_each), bytes_all_(bytes_all) {}
  std::string PathOf(int64_t run) const;

  const std::string folder_;
  const uint64_t bytes_each_;
  const uint64_t bytes_all_;
  // At most what all logs have together: corrected by Trim.
  const std::shared_ptr<std::atomic<uint64_t>> bytes_ = std::make_shared<std::atomic<uint64_t>>(0);
  Mutex trim_mutex_;
};

}  // namespace caudal::sched
