#include "sched/run.h"

#include <array>

namespace caudal::sched {
namespace {

constexpr std::array<std::string_view, 4> kNames = {"running", "succeeded", "failed",
                                                    "interrupted"};

}  // namespace

std::string_view NameOf(RunStatus status) { return kNames[static_cast<size_t>(status)]; }

std::optional<RunStatus> ParseRunStatus(std::string_view name) {
  for (size_t i = 0; i < kNames.size(); ++i)
    if (kNames[i] == name) return static_cast<RunStatus>(i);
  return std::nullopt;
}

}  // namespace caudal::sched
