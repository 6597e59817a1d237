// Read connections, opened on demand and kept. Thread-safe.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "base/mutex.h"
#include "meta/open_connection.h"

namespace caudal::meta {

class ReaderPool {
 public:
  ReaderPool(std::string path, int64_t cache_kib, int connections_max,
             std::chrono::milliseconds wait);
  ~ReaderPool();  // all must be back

  // A connection with a snapshot that Release ends. kLimit when none came free in time.
  Result<std::unique_ptr<OpenConnection>> Acquire();
  void Release(std::unique_ptr<OpenConnection> connection);

 private:
  Result<std::unique_ptr<OpenConnection>> Take();
  // Until one is free or may be opened; false when the time is up.
  bool WaitForOne() REQUIRES(mutex_);
  Result<std::unique_ptr<OpenConnection>> Open();

  const std::string path_;
  const int64_t cache_kib_;
  const int connections_max_;
  const std::chrono::milliseconds wait_;

  Mutex mutex_;
  CondVar returned_;
  // Last in, first out: its cache is warm.
  std::vector<std::unique_ptr<OpenConnection>> free_ GUARDED_BY(mutex_);
  int open_ GUARDED_BY(mutex_) = 0;
};

}  // namespace caudal::meta
