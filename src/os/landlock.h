// Which files a process may reach, for EnterSandbox only.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"

namespace caudal::os {

// The version of Landlock that now holds; 0 when the kernel has none.
Result<int> RestrictFiles(const std::vector<std::string>& read,
                          const std::vector<std::string>& write);

}  // namespace caudal::os
