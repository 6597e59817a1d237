#include "engine/result_rows.h"

#include "engine/segment.h"
#include "engine/session.h"
#include "os/shared_memory.h"

namespace caudal::engine {
namespace {

DescribedMessage NoColumns(uint64_t number) {
  DescribedMessage none;
  none.number = number;
  none.root.format = "+s";
  none.root.shape.kind = Shape::Kind::kStruct;
  return none;
}

}  // namespace

ResultRows::ResultRows(WorkerSession& session, DescribedMessage described)
    : session_(session), described_(std::move(described)) {
  schema_.emplace(described_.root);
}

ResultRows::ResultRows(WorkerSession& session, const FinishedMessage& finished)
    : session_(session),
      described_(NoColumns(finished.number)),
      done_(true),
      rows_changed_(finished.rows_changed) {
  schema_.emplace(described_.root);
}

ResultRows::~ResultRows() {
  if (!done_) session_.Abandon(described_.number);
}

Result<std::optional<Batch>> ResultRows::Next() {
  while (batches_.empty() && !done_) {
    const auto start = std::chrono::steady_clock::now();
    const Result<void> read = ReadMore();
    session_.AddTime(start);
    if (!read.ok()) {
      done_ = true;
      return read.error();
    }
  }
  if (batches_.empty()) return std::optional<Batch>();
  std::optional<Batch> next = std::move(batches_.front());
  batches_.pop_front();
  return next;
}

Result<void> ResultRows::ReadMore() {
  const Frame frame = TRY(session_.NextFrame(described_.number));
  if (frame.type == FrameType::kFinished) {
    const FinishedMessage message =
        TRY(session_.ReadAs<FinishedMessage>(frame, FrameType::kFinished));
    rows_changed_ = message.rows_changed;
    done_ = true;
    return {};
  }
  const SegmentMessage message = TRY(session_.ReadAs<SegmentMessage>(frame, FrameType::kSegment));
  const Result<std::shared_ptr<const os::MappedMemory>> memory = os::MappedMemory::Map(frame.file);
  if (!memory.ok()) return session_.TalksNonsense(memory.error());
  Result<std::vector<Batch>> batches =
      ReadSegment(message.description, described_.root, *memory, (*memory)->bytes());
  if (!batches.ok()) return session_.TalksNonsense(batches.error());
  for (Batch& batch : *batches) batches_.push_back(std::move(batch));
  session_.AskForMore(described_.number);
  return {};
}

}  // namespace caudal::engine
