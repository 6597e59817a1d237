// What goes through the socket between the server and a worker, in both directions: frames.
//
//   bytes 0-3   length of the payload, little-endian, at most kFrameBytesMax
//   byte  4     FrameType
//   byte  5     1 when an open file comes with the frame (SCM_RIGHTS, with its first byte), else 0
//   bytes 6-7   zero
//   then        the payload: protocol.h
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>

#include "base/mutex.h"
#include "base/result.h"
#include "os/file.h"
#include "os/socket_pair.h"

namespace caudal::engine {

constexpr size_t kFrameHeaderBytes = 8;
constexpr size_t kFrameBytesMax = 64u << 20;

enum class FrameType : uint8_t {
  // to the worker
  kBegin = 1,  // a session: its limits and settings
  kRun,        // a statement, numbered
  kMore,       // one more segment of rows may be sent
  kInterrupt,  // stop the statement of this number, if it still runs
  kHide,       // rows of inputs, in the memory file that comes with it
  kEnd,        // of the session: close the database
  // to the server
  kReady = 64,  // once, at the start: what the worker is
  kBegun,
  kDescribed,  // the columns of the result
  kSegment,    // rows, in the memory file that comes with it
  kProgress,
  kFinished,  // the statement is done
  kFailed,    // the statement, or the beginning of the session, isn't
  kEnded,     // the session is closed: the folder is the server's again
};

struct Frame {
  FrameType type = FrameType::kEnd;
  std::string payload;
  os::File file;  // open when one came with it
};

// Bytes in, frames out. Bytes are believed in nothing: a length, type or flag that can't be is
// kInvalid, and the stream is at its end then.
class FrameParser {
 public:
  void Append(std::string_view bytes, os::File file);
  // Nothing: more bytes are needed.
  Result<std::optional<Frame>> Next();

 private:
  std::string buffer_;
  size_t consumed_ = 0;
  std::deque<os::File> files_;
};

// One end of the socket. Send from any thread; Receive from one.
class FrameSocket {
 public:
  explicit FrameSocket(os::File socket) : socket_(std::move(socket)) {}

  // `file`: an fd to go with it, or -1.
  Result<void> Send(FrameType type, std::string_view payload, int file, os::Deadline deadline)
      EXCLUDES(mutex_);
  // Without waiting, neither for the other end nor for another thread that sends. False when it
  // would have to.
  bool TrySend(FrameType type, std::string_view payload) EXCLUDES(mutex_);
  // kTimeout when no whole frame came by then: it may be called again. kUnavailable when the other
  // end is gone.
  Result<Frame> Receive(os::Deadline deadline);

 private:
  os::File socket_;
  Mutex mutex_;
  FrameParser parser_;
};

}  // namespace caudal::engine
