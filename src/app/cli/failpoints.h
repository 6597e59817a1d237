// Failpoints that tests arm from outside, in builds that have them.
#pragma once

#include "base/result.h"

namespace caudal::app::cli {

// CAUDAL_FAILPOINTS, CAUDAL_FAILPOINT_SEED, CAUDAL_POWER_CUT. Refused by builds without failpoints.
Result<void> ArmFailpointsOfEnvironment();

}  // namespace caudal::app::cli
