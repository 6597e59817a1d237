#include "app/cli/failpoints.h"

#include <cstdlib>
#include <string>

#include "base/failpoint.h"
#include "base/log.h"
#include "os/power_cut.h"

namespace caudal::app::cli {

Result<void> ArmFailpointsOfEnvironment() {
  const char* failpoints = std::getenv("CAUDAL_FAILPOINTS");
  const char* seed = std::getenv("CAUDAL_FAILPOINT_SEED");
  const char* mount_point = std::getenv("CAUDAL_POWER_CUT");
  if (mount_point && *mount_point)
    SetPowerCutHook([path = std::string(mount_point)] {
      if (Result<void> cut = os::CutPower(path); !cut.ok())
        LogError("the power cut failed", {{"error", cut.error().message}});
    });
  if (failpoints && *failpoints)
    TRY(ArmFailpoints(failpoints, seed ? std::strtoull(seed, nullptr, 10) : 0));
  return {};
}

}  // namespace caudal::app::cli
