// What makes a session's texts the same on every server: of dates, intervals, floats, money, bytes,
// and of names that types have. Roles and databases can have settings of their own, so they are set
// on each connection, and read back.
#pragma once

#include <chrono>
#include <string>

#include "base/result.h"

namespace caudal::capture::postgres {

class Connection;

// As libpq's `options` take them: what must hold from the first statement on.
std::string StartupSettings();
// Sets the rest, then verifies all. kConflict names the setting that can't be had.
//
// row_security is off: a policy that would hide rows is then an error instead of a gap.
Result<void> PrepareSession(Connection& connection, std::chrono::steady_clock::time_point deadline);

}  // namespace caudal::capture::postgres
