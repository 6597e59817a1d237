// Sends a result to the server in segments, no faster than the server asks for them.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <vector>

#include "base/mutex.h"
#include "base/result.h"
#include "engine/duckdb/handles.h"
#include "engine/frames.h"
#include "engine/schema.h"

namespace caudal::engine {

// Segments that may be under way to the server, read or not, before it asks for more.
constexpr int kSegmentsAhead = 3;

// How many segments may still be sent, and whether the statement is to stop. Thread-safe.
class Credit {
 public:
  void Start(uint64_t number) EXCLUDES(mutex_);
  void Add(uint64_t number) EXCLUDES(mutex_);  // of another statement than the present: nothing
  // True when that statement is the present one.
  bool Interrupt(uint64_t number) EXCLUDES(mutex_);
  // Waits for one. kCancelled when interrupted.
  Result<void> Take() EXCLUDES(mutex_);
  Result<void> CheckInterrupted() EXCLUDES(mutex_);
  bool waiting() EXCLUDES(mutex_);  // somebody in Take

 private:
  Mutex mutex_;
  CondVar changed_;
  uint64_t number_ GUARDED_BY(mutex_) = 0;
  int left_ GUARDED_BY(mutex_) = 0;
  bool waiting_ GUARDED_BY(mutex_) = false;
  bool interrupted_ GUARDED_BY(mutex_) = false;
};

class RowsSender {
 public:
  // `segment_max`: bytes that rows sent at once may take.
  RowsSender(FrameSocket& socket, Credit& credit, uint64_t number, uint64_t segment_max)
      : socket_(socket), credit_(credit), number_(number), segment_max_(segment_max) {}

  // The columns, then every row of `result`.
  Result<void> SendAll(duckdb_result* result);

 private:
  Result<void> Describe(duckdb_result* result);
  Result<void> Add(duckdb_data_chunk chunk);
  Result<void> Flush();

  FrameSocket& socket_;
  Credit& credit_;
  const uint64_t number_;
  const uint64_t segment_max_;
  Field root_;
  ArrowOptionsHandle options_;
  std::vector<ArrowArray> pending_;
  uint64_t pending_rows_ = 0;
  std::chrono::steady_clock::time_point last_flush_;
};

}  // namespace caudal::engine
