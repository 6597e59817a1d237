// What travels inside CopyData on a replication connection (PostgreSQL documentation, "Streaming
// Replication Protocol", START_REPLICATION).
#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <variant>

#include "base/clock.h"
#include "base/result.h"
#include "codec/postgres/lsn.h"

namespace caudal::postgres {

// PostgreSQL counts microseconds from 2000-01-01T00:00:00Z. Values that the other epoch can't hold
// become its greatest or least.
inline constexpr int64_t kEpochMicros = 946'684'800'000'000;
Micros ToUnixMicros(int64_t postgres_micros);
int64_t ToPostgresMicros(Micros unix_micros);

// 'w': a piece of the stream; of logical replication, one message of the output plugin.
struct XLogData {
  Lsn start;              // of the data
  Lsn end;                // of the server's log, so far
  Micros sent_at = 0;     // by the server's clock
  std::string_view data;  // in the frame's bytes
};

// 'k'
struct Keepalive {
  Lsn end;  // of the server's log, so far
  Micros sent_at = 0;
  bool reply_requested = false;  // soon, or the server ends the connection
};

using ReplicationFrame = std::variant<XLogData, Keepalive>;

// kInvalid, naming the frame and the offset, when it is none of these or has another length.
Result<ReplicationFrame> ParseReplicationFrame(std::string_view copy_data);

// 'r': how far the log has been processed here. The server may remove its log up to `flushed`.
struct StandbyStatus {
  Lsn written;
  Lsn flushed;
  Lsn applied;
  Micros sent_at = 0;
  bool reply_requested = false;
};

std::array<char, 34> EncodeStandbyStatus(const StandbyStatus& status);

}  // namespace caudal::postgres
