#include "capture/postgres/run/source_capture.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "base/log.h"
#include "capture/postgres/run/capture_session.h"

namespace caudal::capture::postgres {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

// Between looks at the slot of a source that is stopped.
constexpr milliseconds kGuardInterval{30'000};

// What to do about an error that doesn't pass by itself.
std::string RemedyOf(const Error& error, const std::string& source) {
  static constexpr std::array<std::string_view, 6> kReadAnew = {
      "postgres.no_slot",        "postgres.slot_moved", "postgres.slot_lost",
      "postgres.another_system", "postgres.behind",     "postgres.slot_guard"};
  if (std::ranges::find(kReadAnew, error.code) != kReadAnew.end())
    return fmt::format(
        "caudal sources resnapshot {} --all reads its tables anew; changes that "
        "weren't landed are in them, but not in the history",
        source);
  return fmt::format("mend the cause, then: caudal sources restart {}", source);
}

}  // namespace

std::string_view NameOf(CaptureState state) {
  switch (state) {
    case CaptureState::kStarting:
      return "starting";
    case CaptureState::kSnapshot:
      return "snapshot";
    case CaptureState::kStreaming:
      return "streaming";
    case CaptureState::kRetrying:
      return "retrying";
    case CaptureState::kStopped:
      return "stopped";
  }
  return "";
}

SourceCapture::SourceCapture(SourceOptions options, CaptureLimits limits, Parts parts)
    : options_(std::move(options)),
      limits_(limits),
      parts_(std::move(parts)),
      slot_watch_(options_) {}
SourceCapture::~SourceCapture() = default;

void SourceCapture::SetState(CaptureState state) {
  Show([&](CaptureStatus& status) {
    status.state = state;
    if (state == CaptureState::kStreaming || state == CaptureState::kSnapshot) {
      status.error.reset();
      status.remedy.clear();
      status.retries = 0;
    }
    if (state != CaptureState::kSnapshot) status.reading.reset();
  });
}

CaptureStatus SourceCapture::status() const {
  MutexLock lock(mutex_);
  CaptureStatus status = status_;
  if (reader_ != nullptr) {
    const SnapshotProgress progress = reader_->progress();
    CaptureStatus::Reading reading{progress.chunks, progress.chunks_read, progress.rows, {}};
    if (progress.left) reading.seconds_left = progress.left->count();
    status.reading = reading;
  }
  return status;
}

void SourceCapture::Stop() {
  MutexLock lock(mutex_);
  stopping_ = true;
  if (reader_ != nullptr) reader_->Cancel();
  if (waiting_ != nullptr) (void)waiting_->Cancel().ok();
  wake_.NotifyAll();
  cut_done_.NotifyAll();
}

void SourceCapture::Restart() {
  MutexLock lock(mutex_);
  again_ = true;
  wake_.NotifyAll();
}

void SourceCapture::ReadTables() {
  read_tables_ = true;
  Restart();
}

void SourceCapture::Failed(const Error& error, bool retry) {
  std::string remedy = retry ? "" : RemedyOf(error, options_.name);
  MutexLock lock(mutex_);
  status_.state = retry ? CaptureState::kRetrying : CaptureState::kStopped;
  status_.reading.reset();
  status_.error = error;
  if (!retry && status_.remedy.empty()) status_.remedy = std::move(remedy);
  if (retry && status_.retries++ > 0) return;  // the first one is told
  LogWarning(retry ? "source interrupted" : "source stopped", {{"source", options_.name},
                                                               {"error", error.message},
                                                               {"code", error.code},
                                                               {"remedy", status_.remedy}});
}

// Whether it was woken before.
bool SourceCapture::WaitForNextTry(milliseconds wait) {
  MutexLock lock(mutex_);
  const auto until = steady_clock::now() + wait;
  while (!stopping_ && !again_)
    if (!wake_.WaitUntil(mutex_, until)) break;
  const bool woken = stopping_ || again_;
  again_ = false;
  return woken;
}

void SourceCapture::Run() {
  milliseconds wait = limits_.retry_min;
  while (!stopping()) {
    const auto begun = steady_clock::now();
    SetState(CaptureState::kStarting);
    const Result<void> ended = RunOnce();
    if (stopping()) break;
    if (ended.ok()) continue;
    EndCut(ended.error());
    const bool retry = RetryRuleOf(ended.error().kind).retry;
    Failed(ended.error(), retry);
    // It went well for a while.
    if (steady_clock::now() - begun > limits_.retry_max) wait = limits_.retry_min;
    if (retry) {
      WaitForNextTry(wait);
    } else {
      while (!WaitForNextTry(kGuardInterval)) GuardStopped();
    }
    wait = retry ? std::min(wait * 2, limits_.retry_max) : limits_.retry_min;
  }
  MutexLock lock(mutex_);
  status_.state = CaptureState::kStopped;
}

Result<void> SourceCapture::RunOnce() {
  Session session;
  TRY(Prepare(session));
  while (!stopping()) {
    if (session.tables->has_unread()) TRY(ReadUnread(session));
    if (stopping()) break;
    if (cut_wanted_) TRY(TakeCut(session));
    if (stopping()) break;
    Result<void> ended = Stream(session, std::nullopt);
    if (ended.ok()) continue;
    if (ended.error().code == "postgres.slot_guard")
      TRY(DropSlot(*session.connection, options_.slot));
    return ended;
  }
  return {};
}

Result<void> SourceCapture::LookAtSlot(Connection& connection) {
  return slot_watch_.Look(connection, [&](const SlotState& slot) {
    Show([&](CaptureStatus& status) {
      status.retained_bytes = slot.retained_bytes;
      status.wal_status = slot.wal_status;
    });
  });
}

// Of a source that is stopped, whose slot goes on keeping its log.
void SourceCapture::GuardStopped() {
  Result<std::unique_ptr<Connection>> connection =
      Connection::Connect(options_.connection, Purpose::kNormal);
  if (!connection.ok()) return;
  const Result<void> fine = LookAtSlot(**connection);
  if (fine.ok() || fine.error().code != "postgres.slot_guard") return;
  if (DropSlot(**connection, options_.slot).ok()) Failed(fine.error(), false);
}

}  // namespace caudal::capture::postgres
