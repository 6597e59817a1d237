// Tables whose rows are to be read, as of a snapshot.
#include <string_view>
#include <utility>

#include "capture/postgres/run/capture_session.h"
#include "capture/postgres/run/table_reading.h"

namespace caudal::capture::postgres {
namespace {

// Who applies has found meanwhile that a table is to be read anew.
constexpr std::string_view kGivenUp = "ledger.another_incarnation";

// It passes when the source is begun again.
Error Again(const Error& error) {
  return MakeError(ErrorKind::kUnavailable, error.message, error.code);
}

}  // namespace

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
  Result<std::vector<SnapshotTable>> prepared =
      PrepareReading({options_, *session.connection, parts_.ledger, parts_.database, parts_.landing,
                      parts_.clock, parts_.landed},
                     point, *session.tables);
  if (!prepared.ok() && prepared.error().code == kGivenUp) return Again(prepared.error());
  std::vector<SnapshotTable> tables = TRY(std::move(prepared));
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
  if (code != "postgres.no_snapshot" && code != "postgres.rewritten" && code != kGivenUp)
    return read;
  if (code == "postgres.rewritten") TRY(session.tables->BeginAgain());
  return Again(read.error());
}

}  // namespace caudal::capture::postgres
