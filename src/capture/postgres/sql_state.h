// PostgreSQL's error codes as kinds of ours, which say whether a retry can help.
#pragma once

#include <string>
#include <string_view>

#include "base/error.h"

namespace caudal::capture::postgres {

// Five characters; empty: the connection broke without one.
ErrorKind KindOfSqlState(std::string_view state);

// "postgres.28P01"; "postgres.connection" without a state.
std::string CodeOfSqlState(std::string_view state);
// The state in such a code; empty: none.
std::string_view SqlStateOf(const Error& error);

// What libpq says of a connection that couldn't be made, with error verbosity VERBOSE: the state
// of the last answer of a server, and the text without what only PostgreSQL's makers want to know.
struct ConnectFailure {
  std::string state;  // empty: no server answered
  std::string text;   // one line
};
ConnectFailure ParseConnectFailure(std::string_view message);

}  // namespace caudal::capture::postgres
