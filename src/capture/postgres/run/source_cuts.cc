// Snapshots of a source that the stream is cut at.
#include <fmt/format.h>

#include <utility>

#include "base/log.h"
#include "capture/postgres/run/capture_session.h"

namespace caudal::capture::postgres {
namespace {

using std::chrono::seconds;
using std::chrono::steady_clock;

// For the source's transactions, while nothing is read from the stream.
constexpr seconds kCutWait{10};

}  // namespace

// One that somebody waits for.
struct SourceCapture::Cut {
  const std::function<Result<void>(const SnapshotPoint&)>& task;
  bool begun = false;
  std::optional<Result<void>> result;
};

Result<SourceCapture::MadeCut> SourceCapture::MakeCut(Session& session, seconds wait) {
  MadeCut cut;
  cut.maker = TRY(Connection::Connect(options_.connection, Purpose::kReplication));
  const std::string name =
      fmt::format("{}_t{}", options_.slot.substr(0, 48), cut.maker->server_pid());
  CreatedSlot slot = TRY(MakeSlot(*cut.maker, name, true, wait));
  cut.point = {std::move(slot.snapshot), session.epoch, slot.consistent_point};
  TRY(Stream(session, cut.point.at));
  return cut;
}

Result<void> SourceCapture::AtCut(const std::function<Result<void>(const SnapshotPoint&)>& task,
                                  const std::stop_token& stop) {
  const auto cancelled = [] {
    return MakeError(ErrorKind::kCancelled, "it was cancelled", "postgres.cut");
  };
  Cut cut{task, false, {}};
  const std::stop_callback wake(stop, [this] {
    MutexLock lock(mutex_);
    cut_done_.NotifyAll();
  });
  MutexLock lock(mutex_);
  if (stopping_) return cancelled();
  if (status_.state != CaptureState::kStreaming || cut_ != nullptr)
    return MakeError(ErrorKind::kUnavailable,
                     fmt::format("the source '{}' can't be looked at now: its state is {}",
                                 options_.name, cut_ != nullptr ? "busy" : NameOf(status_.state)),
                     "postgres.not_streaming");
  cut_ = &cut;
  cut_wanted_ = true;
  while (!cut.result) {
    if (!cut.begun && (stopping_ || stop.stop_requested())) {
      cut_ = nullptr;
      cut_wanted_ = false;
      return cancelled();
    }
    cut_done_.Wait(mutex_);
  }
  return *std::move(cut.result);
}

// Nobody may wait for one.
void SourceCapture::EndCut(Result<void> result) {
  MutexLock lock(mutex_);
  if (cut_ == nullptr) return;
  cut_->result = std::move(result);
  cut_ = nullptr;
  cut_wanted_ = false;
  cut_done_.NotifyAll();
}

Result<void> SourceCapture::TakeCut(Session& session) {
  Cut* cut = nullptr;
  {
    MutexLock lock(mutex_);
    cut = cut_;
    if (cut == nullptr) return {};
    cut->begun = true;
  }
  const auto begun = steady_clock::now();
  const Result<MadeCut> made = MakeCut(session, kCutWait);
  if (!made.ok()) {
    EndCut(made.error());
    // Transactions that last hinder nothing else.
    return made.error().Is(ErrorKind::kTimeout) ? Result<void>() : made.error();
  }
  if (stopping()) {
    EndCut(MakeError(ErrorKind::kCancelled, "the source is being stopped", "postgres.cut"));
    return {};
  }
  EndCut(cut->task(made->point));
  const std::chrono::duration<double> took = steady_clock::now() - begun;
  LogInfo(
      "stream of a source stood still for a snapshot",
      {{"source", options_.name}, {"position", made->point.at.Text()}, {"seconds", took.count()}});
  return {};
}

}  // namespace caudal::capture::postgres
