#include "capture/postgres/sql_state.h"

#include <algorithm>
#include <array>
#include <utility>

namespace caudal::capture::postgres {
namespace {

constexpr std::string_view kCodePrefix = "postgres.";

// The most telling first: whole states, then classes.
constexpr std::array<std::pair<std::string_view, ErrorKind>, 37> kKinds = {{
    {"3D000", ErrorKind::kNotFound},       // database
    {"3F000", ErrorKind::kNotFound},       // schema
    {"42501", ErrorKind::kDenied},         // insufficient_privilege
    {"42P01", ErrorKind::kNotFound},       // table
    {"42703", ErrorKind::kNotFound},       // column
    {"42704", ErrorKind::kNotFound},       // slot, publication, role, setting
    {"42883", ErrorKind::kNotFound},       // function
    {"42710", ErrorKind::kAlreadyExists},  // slot, publication
    {"42P04", ErrorKind::kAlreadyExists},  // database
    {"42P07", ErrorKind::kAlreadyExists},  // table
    {"53100", ErrorKind::kUnavailable},    // the source's disk is full
    {"53200", ErrorKind::kUnavailable},    // its memory is
    {"53300", ErrorKind::kLimit},          // too many connections
    {"53400", ErrorKind::kLimit},          // all slots or senders in use
    {"55000", ErrorKind::kConflict},       // wal_level, an invalidated slot
    {"55006", ErrorKind::kUnavailable},    // the slot is in use: by a connection that is ending
    {"55P03", ErrorKind::kUnavailable},    // lock not available
    {"57014", ErrorKind::kCancelled},      // query_canceled
    {"57P01", ErrorKind::kUnavailable},    // shutdown
    {"57P02", ErrorKind::kUnavailable},    // a crash
    {"57P03", ErrorKind::kUnavailable},    // starting up
    {"57P04", ErrorKind::kNotFound},       // the database was dropped
    {"57P05", ErrorKind::kUnavailable},    // idle_session_timeout
    {"58P01", ErrorKind::kNotFound},       // a log segment was removed
    {"XX001", ErrorKind::kCorrupt},        // data_corrupted
    {"XX002", ErrorKind::kCorrupt},        // index_corrupted
    {"08P01", ErrorKind::kInternal},       // protocol_violation: ours
    {"08", ErrorKind::kUnavailable},       // connection exceptions
    {"0A", ErrorKind::kUnsupported},       // feature_not_supported
    {"22", ErrorKind::kInvalid},           // data exceptions
    {"28", ErrorKind::kUnauthenticated},   // password, pg_hba.conf, unknown role
    {"40", ErrorKind::kUnavailable},       // serialization, deadlock
    {"42", ErrorKind::kInvalid},           // syntax and access rules
    {"53", ErrorKind::kUnavailable},       // insufficient_resources
    {"57", ErrorKind::kUnavailable},       // operator_intervention
    {"58", ErrorKind::kUnavailable},       // system errors
    {"XX", ErrorKind::kUnavailable},       // internal errors of the server: often passing
}};

bool IsState(std::string_view text) {
  return text.size() == 5 && std::ranges::all_of(text, [](char c) {
           return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z');
         });
}

// Where "FATAL:  28P01: password…" has its state; the severity may be in any language.
size_t FindState(std::string_view line) {
  for (size_t at = line.find(":  "); at != std::string_view::npos; at = line.find(":  ", at + 1)) {
    const size_t state = at + 3;
    if (line.size() >= state + 6 && line[state + 5] == ':' && IsState(line.substr(state, 5)))
      return state;
  }
  return std::string_view::npos;
}

}  // namespace

ErrorKind KindOfSqlState(std::string_view state) {
  if (state.empty()) return ErrorKind::kUnavailable;
  for (const auto& [prefix, kind] : kKinds)
    if (state.starts_with(prefix)) return kind;
  return ErrorKind::kInvalid;
}

std::string CodeOfSqlState(std::string_view state) {
  return std::string(kCodePrefix) + (state.empty() ? "connection" : std::string(state));
}

std::string_view SqlStateOf(const Error& error) {
  const std::string_view code = error.code;
  if (!code.starts_with(kCodePrefix) || !IsState(code.substr(kCodePrefix.size()))) return {};
  return code.substr(kCodePrefix.size());
}

ConnectFailure ParseConnectFailure(std::string_view message) {
  ConnectFailure failure;
  while (!message.empty()) {
    const size_t end = std::min(message.find('\n'), message.size());
    std::string_view line = message.substr(0, end);
    message.remove_prefix(std::min(end + 1, message.size()));
    line.remove_prefix(std::min(line.find_first_not_of(" \t"), line.size()));
    // The place in PostgreSQL's source: the verbose form's last line, "file.c:123" at its end.
    const size_t source = line.rfind(".c:");
    const bool place = source != std::string_view::npos && source + 3 < line.size() &&
                       line.find_first_not_of("0123456789", source + 3) == std::string_view::npos;
    if (line.empty() || place) continue;
    if (!failure.text.empty()) failure.text += "; ";
    const size_t state = FindState(line);
    if (state == std::string_view::npos) {
      failure.text += line;
      continue;
    }
    failure.state = line.substr(state, 5);
    failure.text += line.substr(0, state);
    failure.text += line.substr(std::min(state + 7, line.size()));
  }
  return failure;
}

}  // namespace caudal::capture::postgres
