// What a worker sends may be anything: frames and messages are read or refused, and rows that were
// accepted can be followed to their last value without leaving their memory. Input: the length of
// the frames (4 bytes), the frames, and what their memory files hold.
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string_view>
#include <vector>

#include "engine/frames.h"
#include "engine/protocol.h"
#include "engine/segment.h"
#include "engine/text.h"

namespace {

using namespace caudal::engine;

void ReadEveryValue(const Batch& batch, const Field& root) {
  // Lists of lists multiply: a few rows say enough.
  const int64_t rows = std::min<int64_t>(batch.rows(), 64);
  std::string text;
  for (size_t k = 0; k < root.children.size(); ++k)
    for (int64_t i = 0; i < rows; ++i) {
      const ArrowArray& column = *batch.array().children[k];
      if (!IsNull(column, root.children[k], i)) AppendText(text, column, root.children[k], i);
      if (text.size() > (1u << 20)) return;
    }
}

void ReadMessage(const Frame& frame, std::string_view memory, std::optional<Field>& root) {
  switch (frame.type) {
    case FrameType::kReady:
      (void)ReadyMessage::Read(frame.payload).ok();
      break;
    case FrameType::kBegin:
      (void)BeginMessage::Read(frame.payload).ok();
      break;
    case FrameType::kRun:
      (void)RunMessage::Read(frame.payload).ok();
      break;
    case FrameType::kHide:
      (void)HideMessage::Read(frame.payload).ok();
      break;
    case FrameType::kFailed:
      (void)FailedMessage::Read(frame.payload).ok();
      break;
    case FrameType::kProgress:
      (void)ProgressMessage::Read(frame.payload).ok();
      break;
    case FrameType::kFinished:
      (void)FinishedMessage::Read(frame.payload).ok();
      break;
    case FrameType::kDescribed: {
      auto message = DescribedMessage::Read(frame.payload);
      if (!message.ok()) break;
      root = std::move(message->root);
      (void)ExportedSchema(*root).schema();
      break;
    }
    case FrameType::kSegment: {
      const auto message = SegmentMessage::Read(frame.payload);
      if (!message.ok() || !root) break;
      const auto batches = ReadSegment(message->description, *root, nullptr, memory);
      if (!batches.ok()) break;
      for (const Batch& batch : *batches) ReadEveryValue(batch, *root);
      break;
    }
    default:
      (void)NumberMessage::Read(frame.payload).ok();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 4) return 0;
  uint32_t length = 0;
  std::memcpy(&length, data, sizeof length);
  const std::string_view input(reinterpret_cast<const char*>(data) + 4, size - 4);
  const std::string_view frames = input.substr(0, length);
  // Memory files begin at a page; what lies behind their end is another's.
  const std::string_view rest = input.substr(frames.size());
  std::vector<uint64_t> memory((rest.size() + 7) / 8);
  if (!rest.empty()) std::memcpy(memory.data(), rest.data(), rest.size());
  const std::string_view bytes(reinterpret_cast<const char*>(memory.data()), rest.size());

  FrameParser parser;
  std::optional<Field> root;
  parser.Append(frames, caudal::os::File());
  while (true) {
    const auto frame = parser.Next();
    if (!frame.ok() || !*frame) return 0;
    ReadMessage(**frame, bytes, root);
  }
}
