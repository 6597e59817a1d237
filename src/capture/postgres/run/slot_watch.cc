#include "capture/postgres/run/slot_watch.h"

#include <fmt/format.h>

#include <optional>

#include "base/log.h"

namespace caudal::capture::postgres {

Result<void> SlotWatch::Look(Connection& connection,
                             const std::function<void(const SlotState&)>& show) {
  const std::optional<SlotState> slot = TRY(ReadSlot(connection, options_.slot));
  if (!slot) return {};
  show(*slot);
  const SlotGuard& guard = options_.guard;
  if (guard.drop_bytes > 0 && slot->retained_bytes > guard.drop_bytes)
    return MakeError(
        ErrorKind::kConflict,
        fmt::format("the source kept {} bytes of its log for us, more than "
                    "slot_guard.drop allows: its slot was dropped, so that its disk "
                    "doesn't fill. Changes that weren't landed are lost to the history",
                    slot->retained_bytes),
        "postgres.slot_guard");
  const bool much = slot->retained_bytes > guard.warn_bytes;
  if (much && !warned_)
    LogWarning("the source keeps much of its log for us", {{"source", options_.name},
                                                           {"slot", options_.slot},
                                                           {"bytes", slot->retained_bytes},
                                                           {"wal_status", slot->wal_status}});
  warned_ = much;
  return {};
}

}  // namespace caudal::capture::postgres
