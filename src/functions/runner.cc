#include "functions/runner.h"

#include <array>

namespace caudal::functions {

std::string_view NameOf(RunnerStatus::State state) {
  constexpr std::array<std::string_view, 3> kNames = {"ready", "deploying", "broken"};
  return kNames[static_cast<size_t>(state)];
}

Result<void> Runner::Deploy() {
  return MakeError(ErrorKind::kUnsupported,
                   "a function of this kind has nothing to deploy: it runs as it is configured",
                   "function.no_deploy");
}

Result<std::string> Runner::DeployLog(uint64_t, uint64_t) { return std::string(); }

}  // namespace caudal::functions
