// Python and Node functions: deployed, kept running, called.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/random.h"
#include "functions/framework/launch.h"
#include "functions/runner.h"

namespace caudal::functions {

// Deploys in the background from its creation on, again with growing pauses while that fails, and
// whenever Deploy asks. A deployment counts when a process of it came up; until a new one does, the
// one before goes on. `spec` must hold a FrameworkPart.
std::unique_ptr<Runner> MakeFrameworkRunner(const FunctionSpec& spec, FrameworkPlaces places,
                                            Clock& clock, std::function<void()> changed);

// Before the first runner is made: ends the processes that an earlier server left, removes
// deployments of functions that are not among `functions`, makes the run folder anew (another one
// in /tmp, where its path is too long for sockets), a secret, and where the kernel has them a place
// for control groups.
Result<void> PreparePlaces(FrameworkPlaces& places, const std::vector<FunctionSpec>& functions,
                           Random& random);
// After the last runner is gone.
void LeavePlaces(const FrameworkPlaces& places);

}  // namespace caudal::functions
