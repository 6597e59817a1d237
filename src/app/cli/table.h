// Plain aligned columns for people.
#pragma once

#include <string>
#include <vector>

#include "app/cli/context.h"

namespace caudal::app::cli {

// Prints `rows` under `head`; the head is bold on a terminal. Without rows: "nothing".
void PrintTable(const Context& context, const std::vector<std::string>& head,
                const std::vector<std::vector<std::string>>& rows);

// The number of characters that a terminal shows for UTF-8 text, wide ones not considered; control
// characters in `text` must have been made harmless by Harmless.
size_t WidthOf(std::string_view text);
// Control characters as "?", so that an object's name can't drive the terminal.
std::string Harmless(std::string_view text);

}  // namespace caudal::app::cli
