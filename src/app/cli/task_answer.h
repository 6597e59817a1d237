// The lines of a long task's answer: how far it is, then what it found.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "app/cli/context.h"

namespace caudal::app::cli {

inline constexpr int kInterrupted = 130;

// Asks for the task by a POST and follows it; on a terminal, `progress` (of its JSON) is shown in
// one line of standard error. Gives the report; kCancelled ("interrupted") after Ctrl-C, which ends
// the task.
Result<Json> FollowTask(const Context& context, const std::string& path, const Json& body,
                        const std::function<std::string(const Json&)>& progress);

}  // namespace caudal::app::cli
