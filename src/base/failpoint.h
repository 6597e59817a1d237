// Named failpoints: places where a test makes a step fail, wait, or end the process.
//
//   FAILPOINT("objects.blob.synced");   // in a function that returns a Result
//
// Armed by the environment at start
// (CAUDAL_FAILPOINTS="objects.blob.synced=kill:0.02;meta.commit=delay:50ms") or by ArmFailpoints.
// Actions: `kill` (SIGKILL to this process), `cut` (the power-cut hook, then SIGKILL), `stop`
// (SIGSTOP: a tester acts), `delay:<N>ms`, `error` (kUnavailable), each with a probability `:<p>`
// and `*` for every failpoint. In builds without CAUDAL_FAILPOINTS the macro is nothing and arming
// is refused.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace caudal {

Result<void> ArmFailpoints(std::string_view specification, uint64_t seed = 0);
void DisarmFailpoints();
// What `cut` does before the process ends: the power-cut test shuts the file system down here.
void SetPowerCutHook(std::function<void()> hook);
// Names that were passed at least once in this process, sorted.
std::vector<std::string> FailpointsSeen();

namespace internal {
Result<void> HitFailpoint(const char* name);
}

}  // namespace caudal

#if defined(CAUDAL_FAILPOINTS)
#define FAILPOINT(name) TRY(::caudal::internal::HitFailpoint(name))
// For functions that can't return an error: only kill, cut and delay act.
#define FAILPOINT_NO_ERROR(name) (void)::caudal::internal::HitFailpoint(name).ok()
#else
#define FAILPOINT(name) \
  do {                  \
  } while (0)
#define FAILPOINT_NO_ERROR(name) \
  do {                           \
  } while (0)
#endif
