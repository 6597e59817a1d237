// One attempt at a job, as it is recorded.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "data/json.h"

namespace caudal::sched {

enum class RunStatus : uint8_t {
  kRunning = 0,
  kSucceeded = 1,
  kFailed = 2,
  kInterrupted = 3,  // the server ended before the run did
};
std::string_view NameOf(RunStatus status);  // "running", "succeeded", "failed", "interrupted"
std::optional<RunStatus> ParseRunStatus(std::string_view name);

struct RunOutput {
  std::string uri;         // "gs://bucket/name"
  int64_t generation = 0;  // 0: unknown
  uint64_t bytes = 0;
  std::optional<int64_t> rows;
};

struct RunRecord {
  int64_t id = 0;  // grows; assigned by Runs
  // Which job: a kind of the module that runs it ("function"), and its name there.
  std::string kind;
  std::string job;
  std::string trigger;  // why: "event", "replay"…
  std::string input;    // for people: "gs://bucket/name#generation"
  // What the input is known by, the same across attempts (an event's id). A job that succeeded for
  // a key needn't run for it again.
  std::string key;
  int64_t sequence = 0;  // of the event, 0: none
  int attempt = 1;
  RunStatus status = RunStatus::kRunning;
  Micros queued = 0;  // since when it could have run
  Micros started = 0;
  Micros ended = 0;  // 0: not yet
  std::optional<int64_t> rows_in;
  std::optional<int64_t> rows_accepted;
  std::optional<int64_t> rows_quarantined;
  std::vector<RunOutput> outputs;
  Json report = Json::object();  // what the job tells beside, by its kind; small
  std::optional<ErrorKind> error_kind;
  std::string error;
};

}  // namespace caudal::sched
