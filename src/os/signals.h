// The signals that a long-running program minds, taken by waiting instead of by handlers.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>

namespace caudal::os {

enum class Signal : uint8_t { kTerminate, kInterrupt, kHangUp };
std::string_view NameOf(Signal signal);  // "SIGTERM"…

// Blocks SIGTERM, SIGINT and SIGHUP in the calling thread and in all that it starts later, and
// ignores SIGPIPE: a write to a closed socket is an error value then. Call before any thread
// starts.
void BlockSignals();

// Ignores SIGPIPE only, for a part that must not depend on BlockSignals having run (sendfile has no
// flag against it).
void IgnoreBrokenPipes();

// The next blocked signal, or nothing when `timeout` passed first. One waiting thread at a time.
std::optional<Signal> WaitForSignal(std::chrono::milliseconds timeout);

// Asks another process to end (SIGTERM) or to reload (SIGHUP). False when there is no such process.
bool SendSignal(int pid, Signal signal);

int ProcessId();
// Ends the process now: no destructors, no buffers flushed.
[[noreturn]] void ExitNow(int code);

}  // namespace caudal::os
