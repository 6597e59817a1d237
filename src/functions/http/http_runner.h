// Functions that are somebody else's: an HTTP request for each event.
#pragma once

#include <memory>

#include "base/clock.h"
#include "base/random.h"
#include "functions/runner.h"

namespace caudal::functions {

// POSTs the event as a binary-mode CloudEvent, signed where there is a secret, just as a webhook
// gets it; any 2xx answer is success, everything else is tried again. The beginning of the answer
// goes to the run's log. `spec` must hold an HttpPart.
std::unique_ptr<Runner> MakeHttpRunner(const FunctionSpec& spec, Clock& clock);

}  // namespace caudal::functions
