// A source of the configuration as its module takes it.
#pragma once

#include <string>

#include "app/config/config.h"
#include "capture/postgres/options.h"

namespace caudal::app {

// kInvalid, naming the key.
Result<capture::postgres::SourceOptions> SourceOptionsOf(const std::string& name,
                                                         const SourceConfig& config);
std::string DatasetOf(const std::string& name, const SourceConfig& config);

}  // namespace caudal::app
