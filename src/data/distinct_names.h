// Names that stay apart where letters of either case are the same, as in SQL.
#pragma once

#include <set>
#include <string>
#include <string_view>

namespace caudal {

// Gives names, one after the other.
class DistinctNames {
 public:
  DistinctNames() = default;
  explicit DistinctNames(std::string_view taken);

  // The name itself, or with "_1", "_2"… behind it, where one before is the same.
  std::string Next(std::string_view name);

 private:
  std::set<std::string> taken_;  // in lower case
};

}  // namespace caudal
