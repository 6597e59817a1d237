// What can go wrong, in few kinds. A kind tells the caller what to do next; the message tells a
// person.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace caudal {

enum class ErrorKind : uint8_t {
  kInvalid,          // the input is wrong; sending it again can't help
  kNotFound,         // the named thing doesn't exist
  kAlreadyExists,    // the named thing exists already
  kPrecondition,     // a condition that the caller stated doesn't hold: read again, then decide
  kConflict,         // the thing's present state forbids it (bucket not empty, object held)
  kUnauthenticated,  // no valid proof of identity
  kDenied,           // identity known, not allowed
  kUnsupported,      // a thing that Caudal doesn't do; the message names it
  kLimit,            // a configured limit is reached: retry later, or raise the limit
  kDiskFull,         // no room; nothing was changed; retry once there is room
  kUnavailable,      // passing trouble (busy, starting, peer away): retry with backoff
  kTimeout,          // the deadline passed before an answer; retry with backoff
  kCancelled,        // the caller went away or asked to stop
  kCorrupt,          // stored bytes are not what was stored: stop, a person must look
  kUnknownOutcome,   // it may or may not have happened: read before a retry
  kInternal,         // a defect in Caudal
};

// What to do with an error of a kind: the one table that every retry loop consults.
struct RetryRule {
  bool retry;               // a later attempt of the same call can succeed
  std::string_view advice;  // for the operator, one clause
};

const RetryRule& RetryRuleOf(ErrorKind kind);
std::string_view NameOf(ErrorKind kind);  // "not_found"; stable, used in JSON and logs

// An error as a value. `message` names the thing, the cause and the remedy, and never a secret.
struct [[nodiscard]] Error {
  ErrorKind kind = ErrorKind::kInternal;
  std::string message;
  // A stable dotted code for programs and translations ("object.not_found"); may be empty.
  std::string code;

  bool Is(ErrorKind k) const { return kind == k; }
  // The same error with `context: ` before its message.
  Error Within(std::string_view context) &&;
};

// Shorthands: Invalid("bucket name {} has an upper-case letter", name).
Error MakeError(ErrorKind kind, std::string message, std::string code = {});

// The end for defects and for failures after which going on would lose data (an fsync that failed).
// Logs and aborts; never returns.
[[noreturn]] void Fatal(std::string_view message);

}  // namespace caudal

// Stays on in release: corruption must stop, never spread.
#define CAUDAL_CHECK(condition, message)                                          \
  do {                                                                            \
    if (!(condition)) [[unlikely]]                                                \
      ::caudal::Fatal(std::string("check failed: " #condition ": ") + (message)); \
  } while (0)
