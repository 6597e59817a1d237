#include "codec/postgres/replication.h"

#include <fmt/format.h>

#include <limits>

#include "codec/postgres/wire.h"

namespace caudal::postgres {
namespace {

constexpr size_t kXLogDataHead = 25;  // its type, two positions, the time
constexpr size_t kKeepaliveSize = 18;

Error Bad(std::string_view frame, size_t size, std::string_view why) {
  return MakeError(ErrorKind::kInvalid,
                   fmt::format("replication frame {}, of {} bytes: {}", frame, size, why));
}

Lsn LsnAt(std::string_view bytes, size_t offset) {
  return {LoadBig<uint64_t>(bytes.data() + offset)};
}

}  // namespace

Micros ToUnixMicros(int64_t postgres_micros) {
  Micros sum = 0;
  if (__builtin_add_overflow(postgres_micros, kEpochMicros, &sum))
    return std::numeric_limits<Micros>::max();
  return sum;
}

int64_t ToPostgresMicros(Micros unix_micros) {
  int64_t difference = 0;
  if (__builtin_sub_overflow(unix_micros, kEpochMicros, &difference))
    return std::numeric_limits<int64_t>::min();
  return difference;
}

Result<ReplicationFrame> ParseReplicationFrame(std::string_view copy_data) {
  const size_t size = copy_data.size();
  if (size == 0) return Bad("without a type", size, "it is empty");
  switch (copy_data[0]) {
    case 'w': {
      if (size < kXLogDataHead)
        return Bad("XLogData", size, fmt::format("it ends before byte {}", kXLogDataHead));
      XLogData frame;
      frame.start = LsnAt(copy_data, 1);
      frame.end = LsnAt(copy_data, 9);
      frame.sent_at = ToUnixMicros(LoadBig<int64_t>(copy_data.data() + 17));
      frame.data = copy_data.substr(kXLogDataHead);
      return ReplicationFrame(frame);
    }
    case 'k': {
      if (size != kKeepaliveSize)
        return Bad("Keepalive", size, fmt::format("it must have {}", kKeepaliveSize));
      Keepalive frame;
      frame.end = LsnAt(copy_data, 1);
      frame.sent_at = ToUnixMicros(LoadBig<int64_t>(copy_data.data() + 9));
      frame.reply_requested = copy_data[17] != 0;
      return ReplicationFrame(frame);
    }
    default:
      return Bad(fmt::format("of type 0x{:02x}", static_cast<uint8_t>(copy_data[0])), size,
                 "there is no such type, at offset 0");
  }
}

std::array<char, 34> EncodeStandbyStatus(const StandbyStatus& status) {
  std::array<char, 34> bytes;
  bytes[0] = 'r';
  StoreBig(&bytes[1], status.written.value);
  StoreBig(&bytes[9], status.flushed.value);
  StoreBig(&bytes[17], status.applied.value);
  StoreBig(&bytes[25], ToPostgresMicros(status.sent_at));
  bytes[33] = status.reply_requested ? 1 : 0;
  return bytes;
}

}  // namespace caudal::postgres
