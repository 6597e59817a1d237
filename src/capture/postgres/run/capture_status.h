// How the capture of a source goes, for people and metrics.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "capture/landing/landing.h"
#include "codec/postgres/lsn.h"

namespace caudal::capture::postgres {

enum class CaptureState : uint8_t {
  kStarting,   // looks at the source
  kSnapshot,   // reads tables; see `reading`
  kStreaming,  // follows the log
  kRetrying,   // after an error that passes
  kStopped,    // after one that doesn't, or because it was told to
};
std::string_view NameOf(CaptureState state);  // "streaming"

struct CaptureStatus {
  CaptureState state = CaptureState::kStarting;
  std::optional<Error> error;  // of kRetrying and kStopped
  std::string remedy;          // where one is known
  int64_t retries = 0;         // one after the other
  int server_version = 0;
  caudal::postgres::Lsn landed;      // all that ended before is landed
  caudal::postgres::Lsn server_end;  // of the source's log, as far as it said
  uint64_t streamed_bytes = 0;       // received of transactions that are still in progress
  uint64_t retained_bytes = 0;       // that the source keeps for us, when that was last asked
  std::string wal_status;            // of the slot; empty: not known
  // Since the start.
  int64_t rows = 0;
  int64_t bytes = 0;
  int64_t batches = 0;
  // Of the snapshot that is being read.
  struct Reading {
    int64_t chunks = 0;
    int64_t chunks_read = 0;
    int64_t rows = 0;
    std::optional<int64_t> seconds_left;
  };
  std::optional<Reading> reading;

  void Count(const LandedChanges& landed) {
    ++batches;
    for (const WrittenChanges& file : landed.files) {
      rows += file.landed.rows;
      bytes += file.landed.bytes;
    }
  }
};

}  // namespace caudal::capture::postgres
