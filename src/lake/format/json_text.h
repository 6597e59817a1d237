// JSON written as text, where a tree of it would cost more than what it says.
#pragma once

#include <string>

namespace caudal::lake {

// As DumpJson writes it.
void AppendQuoted(std::string& out, const std::string& text);

}  // namespace caudal::lake
