#include "base/error.h"

#include <array>
#include <cstdio>
#include <cstdlib>

#include "base/log.h"

namespace caudal {
namespace {

struct KindRow {
  ErrorKind kind;
  std::string_view name;
  RetryRule rule;
};

constexpr std::array<KindRow, 16> kKinds = {{
    {ErrorKind::kInvalid, "invalid", {false, "correct the input"}},
    {ErrorKind::kNotFound, "not_found", {false, "check the name"}},
    {ErrorKind::kAlreadyExists, "already_exists", {false, "choose another name"}},
    {ErrorKind::kPrecondition, "precondition", {false, "read the current state, then decide"}},
    {ErrorKind::kConflict, "conflict", {false, "change the state that stands in the way"}},
    {ErrorKind::kUnauthenticated, "unauthenticated", {false, "send valid credentials"}},
    {ErrorKind::kDenied, "denied", {false, "ask for the permission"}},
    {ErrorKind::kUnsupported, "unsupported", {false, "use what is supported"}},
    {ErrorKind::kLimit, "limit", {true, "retry later, or raise the limit"}},
    {ErrorKind::kDiskFull, "disk_full", {true, "free disk space; intake resumes by itself"}},
    {ErrorKind::kUnavailable, "unavailable", {true, "wait; it is retried"}},
    {ErrorKind::kTimeout, "timeout", {true, "wait; it is retried"}},
    {ErrorKind::kCancelled, "cancelled", {false, "start it again if it is still wanted"}},
    {ErrorKind::kCorrupt, "corrupt", {false, "run caudal fsck; restore from a backup"}},
    {ErrorKind::kUnknownOutcome, "unknown_outcome", {false, "read the state before a retry"}},
    {ErrorKind::kInternal, "internal", {false, "report it with the log"}},
}};

const KindRow& RowOf(ErrorKind kind) {
  const KindRow& row = kKinds[static_cast<size_t>(kind)];
  if (row.kind != kind) std::abort();
  return row;
}

}  // namespace

const RetryRule& RetryRuleOf(ErrorKind kind) { return RowOf(kind).rule; }
std::string_view NameOf(ErrorKind kind) { return RowOf(kind).name; }

Error Error::Within(std::string_view context) && {
  message.insert(0, std::string(context) + ": ");
  return std::move(*this);
}

Error MakeError(ErrorKind kind, std::string message, std::string code) {
  return Error{kind, std::move(message), std::move(code)};
}

void Fatal(std::string_view message) {
  LogError("fatal", {{"reason", message}});
  FlushLogs();
  std::abort();
}

}  // namespace caudal
