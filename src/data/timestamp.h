// RFC 3339 text of a Micros, always UTC.
#pragma once

#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"

namespace caudal {

// "2026-11-23T19:13:00.123456Z"; `digits` of the fraction: 0, 3 or 6.
std::string FormatRfc3339(Micros time, int digits = 3);
// "Mon, 23 Nov 2026 19:13:00 GMT" (RFC 9110 date).
std::string FormatHttpDate(Micros time);
// Accepts "2026-11-23T19:13:00[.f…](Z|±hh:mm)" and a bare date "2026-11-23"; digits beyond
// microseconds are cut.
Result<Micros> ParseRfc3339(std::string_view text);
// ISO 8601 basic form of signed requests: "20261123T191300Z".
Result<Micros> ParseBasicTimestamp(std::string_view text);

}  // namespace caudal
