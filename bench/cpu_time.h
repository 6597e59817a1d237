// CPU time of this process and of servers under test.
#pragma once

#include <string>
#include <vector>

namespace caudal::bench {

double OwnCpuSeconds();
// User and system time of a process and of its children that ended, in seconds; 0 when it is gone.
double CpuSecondsOf(int pid);

}  // namespace caudal::bench
