// The messages between the server and a worker: the payloads of frames.h. Written and read by the
// same program, but a worker that a statement took over may send anything: every Read checks.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "engine/engine.h"
#include "engine/schema.h"

namespace caudal::engine {

// kReady
struct ReadyMessage {
  std::string version;  // DuckDB's
  int32_t landlock = 0;
  bool seccomp = false;

  std::string Write() const;
  static Result<ReadyMessage> Read(std::string_view payload);
};

// kBegin. kBegun has no payload, kFailed instead of it the statement number 0.
struct BeginMessage {
  Limits limits;
  std::vector<std::pair<std::string, std::string>> settings;
  bool undone = false;

  std::string Write() const;
  static Result<BeginMessage> Read(std::string_view payload);
};

// kRun
struct RunMessage {
  uint64_t number = 0;
  Statement statement;

  std::string Write() const;
  static Result<RunMessage> Read(std::string_view payload);
};

// kHide
struct HideMessage {
  struct Input {
    std::string path;     // as SQL names it
    uint64_t offset = 0;  // in the memory file, in words of 64 bits
    uint64_t words = 0;
  };
  std::vector<Input> inputs;

  std::string Write() const;
  static Result<HideMessage> Read(std::string_view payload);
};

// kMore, kInterrupt
struct NumberMessage {
  uint64_t number = 0;

  std::string Write() const;
  static Result<NumberMessage> Read(std::string_view payload);
};

// kDescribed
struct DescribedMessage {
  uint64_t number = 0;
  std::vector<Column> columns;
  Field root;  // a struct, one child a column

  std::string Write() const;
  static Result<DescribedMessage> Read(std::string_view payload);
};

// kSegment
struct SegmentMessage {
  uint64_t number = 0;
  std::string description;  // segment.h

  std::string Write() const;
  static Result<SegmentMessage> Read(std::string_view payload);
};

// kProgress
struct ProgressMessage {
  uint64_t number = 0;
  Progress progress;

  std::string Write() const;
  static Result<ProgressMessage> Read(std::string_view payload);
};

// kFinished
struct FinishedMessage {
  uint64_t number = 0;
  int64_t rows_changed = 0;

  std::string Write() const;
  static Result<FinishedMessage> Read(std::string_view payload);
};

// kFailed
struct FailedMessage {
  uint64_t number = 0;
  Error error;

  std::string Write() const;
  static Result<FailedMessage> Read(std::string_view payload);
};

}  // namespace caudal::engine
