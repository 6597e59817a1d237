// Tables whose rows are to be read, as of a snapshot.
#include <utility>

#include "capture/postgres/run/capture_session.h"
#include "capture/postgres/run/table_reading.h"

namespace caudal::capture::postgres {

Result<void> SourceCapture::ReadUnread(Session& session) {
  MadeCut cut;
  if (session.made_slot) {
    const CreatedSlot slot = *std::exchange(session.made_slot, std::nullopt);
    cut = {std::move(session.slot_maker), {slot.snapshot, session.epoch, slot.consistent_point}};
  } else {
    // What was committed before another snapshot is landed first.
    cut = TRY(MakeCut(session, kSlotWait));
    if (stopping()) return {};
  }
  const SnapshotPoint& point = cut.point;
  SetState(CaptureState::kSnapshot);
  TRY(session.tables->Reload());
  SnapshotReaderOptions options;
  options.source = options_;
  options.batch_bytes = limits_.batch_bytes;
  options.memory = limits_.memory;
  std::vector<SnapshotTable> tables =
      TRY(PrepareReading({options_, *session.connection, parts_.ledger, parts_.database,
                          parts_.landing, parts_.clock, parts_.landed},
                         point, *session.tables));
  std::unique_ptr<SnapshotReader> reader =
      TRY(SnapshotReader::Start(options, point, parts_.landing, parts_.ledger, std::move(tables)));
  {
    MutexLock lock(mutex_);
    reader_ = reader.get();
    if (stopping_) reader->Cancel();
  }
  Result<void> read = reader->Run([&](const LandedChanges& landed) {
    parts_.landed(landed);
    Show([&](CaptureStatus& status) { status.Count(landed); });
  });
  {
    MutexLock lock(mutex_);
    reader_ = nullptr;
  }
  if (stopping()) return {};
  if (read.ok()) return session.tables->Reload();
  // All are met by another snapshot; a table that was rewritten is begun anew, as is one of which
  // was found meanwhile that what was read of it isn't enough.
  const std::string& code = read.error().code;
  if (code != "postgres.no_snapshot" && code != "postgres.rewritten" &&
      code != "ledger.another_incarnation")
    return read;
  if (code == "postgres.rewritten") TRY(session.tables->BeginAgain());
  return MakeError(ErrorKind::kUnavailable, read.error().message, code);
}

}  // namespace caudal::capture::postgres
