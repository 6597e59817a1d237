#include "engine/frames.h"

#include <array>

#include "engine/wire.h"

namespace caudal::engine {
namespace {

bool IsType(uint8_t type) {
  return (type >= static_cast<uint8_t>(FrameType::kBegin) &&
          type <= static_cast<uint8_t>(FrameType::kEnd)) ||
         (type >= static_cast<uint8_t>(FrameType::kReady) &&
          type <= static_cast<uint8_t>(FrameType::kEnded));
}

std::string Pack(FrameType type, std::string_view payload, bool with_file) {
  WireWriter writer;
  writer.Put(static_cast<uint32_t>(payload.size()));
  writer.Put(type);
  writer.Put(static_cast<uint8_t>(with_file));
  writer.Put(static_cast<uint16_t>(0));
  std::string bytes = writer.Take();
  bytes.append(payload);
  return bytes;
}

}  // namespace

void FrameParser::Append(std::string_view bytes, os::File file) {
  if (consumed_ > 0 && consumed_ >= buffer_.size() / 2) {
    buffer_.erase(0, consumed_);
    consumed_ = 0;
  }
  buffer_.append(bytes);
  if (file.is_open()) files_.push_back(std::move(file));
}

Result<std::optional<Frame>> FrameParser::Next() {
  const std::string_view left = std::string_view(buffer_).substr(consumed_);
  if (left.size() < kFrameHeaderBytes) return std::optional<Frame>();
  WireReader header(left.substr(0, kFrameHeaderBytes));
  const auto length = header.Get<uint32_t>();
  const auto type = header.Get<uint8_t>();
  const auto with_file = header.Get<uint8_t>();
  const auto zero = header.Get<uint16_t>();
  if (length > kFrameBytesMax || !IsType(type) || with_file > 1 || zero != 0)
    return MakeError(ErrorKind::kInvalid, "a frame's header makes no sense");
  if (left.size() < kFrameHeaderBytes + length) return std::optional<Frame>();
  Frame frame;
  frame.type = static_cast<FrameType>(type);
  frame.payload = left.substr(kFrameHeaderBytes, length);
  if (with_file == 1) {
    if (files_.empty()) return MakeError(ErrorKind::kInvalid, "a frame's file is missing");
    frame.file = std::move(files_.front());
    files_.pop_front();
  }
  consumed_ += kFrameHeaderBytes + length;
  return std::optional<Frame>(std::move(frame));
}

Result<void> FrameSocket::Send(FrameType type, std::string_view payload, int file,
                               os::Deadline deadline) {
  if (payload.size() > kFrameBytesMax)
    return MakeError(ErrorKind::kInvalid, "a message of " + std::to_string(payload.size()) +
                                              " bytes is longer than " +
                                              std::to_string(kFrameBytesMax));
  const std::string bytes = Pack(type, payload, file >= 0);
  MutexLock lock(mutex_);
  return os::Send(socket_, bytes, file, deadline);
}

bool FrameSocket::TrySend(FrameType type, std::string_view payload) {
  if (!mutex_.TryLock()) return false;
  // A frame this short goes in one piece or not at all.
  const bool sent = os::Send(socket_, Pack(type, payload, false), -1, os::Deadline::min()).ok();
  mutex_.Unlock();
  return sent;
}

Result<Frame> FrameSocket::Receive(os::Deadline deadline) {
  std::array<char, 64 << 10> bytes;
  while (true) {
    std::optional<Frame> frame = TRY(parser_.Next());
    if (frame) return std::move(*frame);
    os::File file;
    const size_t n = TRY(os::Receive(socket_, bytes.data(), bytes.size(), &file, deadline));
    if (n == 0) return MakeError(ErrorKind::kUnavailable, "the other process is gone");
    parser_.Append({bytes.data(), n}, std::move(file));
  }
}

}  // namespace caudal::engine
