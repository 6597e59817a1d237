// The step from one process to two, for Process only.
#pragma once

#include "base/result.h"

namespace caudal::os {

struct ProcessOptions;

// The pid of a child that runs the program already. The caller reaps it.
Result<int> Spawn(const ProcessOptions& options);

}  // namespace caudal::os
