// DuckDB inside the server's own process: for data and statements of ours only.
//
// User SQL never runs here, nor any text that holds a part of it: what does is in engine.h, in
// worker processes. What runs here are fixed statements that read and write Parquet files of the
// lake, with paths, names and numbers quoted in. It is for speed: rows go from a batch to a file
// and back without a copy through a worker (docs/decisions/0011).
#pragma once

#include <cstdint>
#include <memory>

#include "base/result.h"

namespace caudal::engine {

// Thread-safe: any number of writers and readers, each of one thread at a time, that runs its share
// of DuckDB itself. Must outlive them.
class InProcessDatabase {
 public:
  struct Options {
    uint64_t memory_bytes = 512u << 20;  // for all writers and readers together; then kLimit
  };
  static Result<std::unique_ptr<InProcessDatabase>> Open(const Options& options);
  static Result<std::unique_ptr<InProcessDatabase>> Open() { return Open({}); }
  ~InProcessDatabase();

  struct State;  // for engine/duckdb
  State& state() { return *state_; }

 private:
  explicit InProcessDatabase(std::unique_ptr<State> state);

  std::unique_ptr<State> state_;
};

}  // namespace caudal::engine
