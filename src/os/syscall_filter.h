// Which system calls a process may make, for EnterSandbox only.
#pragma once

#include "base/result.h"

namespace caudal::os {

// False when the kernel, or the container around us, doesn't let a process filter its calls.
Result<bool> RestrictCalls();

}  // namespace caudal::os
