// Rows of a session's files that SQL leaves out.
#pragma once

#include <duckdb.h>

#include <memory>
#include <span>
#include <string>
#include <unordered_map>

#include "base/result.h"
#include "engine/protocol.h"
#include "os/file.h"
#include "os/shared_memory.h"

namespace caudal::engine {

// The function caudal_visible(file VARCHAR, row BIGINT) of one database: false for rows that are
// hidden. Any number of threads may call it, but not while Hide runs.
class VisibleRows {
 public:
  VisibleRows() = default;
  VisibleRows(const VisibleRows&) = delete;
  VisibleRows& operator=(const VisibleRows&) = delete;

  // It must outlive the connection's database.
  Result<void> AddTo(duckdb_connection connection);
  // These and no others. kInvalid when the memory isn't sealed or has less than the message says.
  Result<void> Hide(const HideMessage& message, const os::File& memory);
  void HideNothing();

 private:
  static void Call(duckdb_function_info info, duckdb_data_chunk input, duckdb_vector output);
  std::span<const uint64_t> Of(duckdb_string_t path) const;

  std::shared_ptr<const os::MappedMemory> memory_;
  std::unordered_map<std::string, std::span<const uint64_t>> hidden_;  // by path; in memory_
};

}  // namespace caudal::engine
