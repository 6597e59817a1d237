#include "data/distinct_names.h"

#include "data/lower_case.h"

namespace caudal {

DistinctNames::DistinctNames(std::string_view taken) { taken_.insert(LowerCase(taken)); }

std::string DistinctNames::Next(std::string_view name) {
  std::string next(name);
  for (int i = 1; !taken_.insert(LowerCase(next)).second; ++i)
    next = std::string(name) + "_" + std::to_string(i);
  return next;
}

}  // namespace caudal
