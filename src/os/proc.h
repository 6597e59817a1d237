// /proc, as far as os reads it. Inside os only.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace caudal::os {

// A file below /proc/<id>; empty when it can't be read. Files of /proc have no size to ask for.
std::string ReadProc(const std::string& id, const char* what, size_t bytes_max);
// The numbers of all processes.
std::vector<int> ProcessNumbers();
// "NAME=value" of the environment it was started with; empty: it has none. `name` ends with '='.
std::string MarkOf(int id, std::string_view name);

}  // namespace caudal::os
