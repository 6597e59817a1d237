// What a row of a list of sources tells, of one as the admin API gives it.
#pragma once

#include <string>

#include "data/json.h"

namespace caudal::app::cli {

std::string LagCell(const Json& source);          // "0.2 s"
std::string SourceErrorCell(const Json& source);  // its message

}  // namespace caudal::app::cli
