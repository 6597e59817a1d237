// Functions of the configuration, as the module wants them.
#pragma once

#include <string>
#include <vector>

#include "app/config/config.h"
#include "base/result.h"
#include "functions/spec.h"

namespace caudal::app {

// kInvalid when a place in `writes` isn't one.
Result<functions::FunctionSpec> SpecOf(const std::string& name, const FunctionConfig& config);
Result<std::vector<functions::FunctionSpec>> SpecsOf(
    const std::map<std::string, FunctionConfig>& functions);

}  // namespace caudal::app
