#include "app/cli/table.h"

#include <algorithm>

#include "base/terminal.h"

namespace caudal::app::cli {

size_t WidthOf(std::string_view text) {
  return static_cast<size_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0) != 0x80;
  }));
}

std::string Harmless(std::string_view text) {
  std::string harmless(text);
  for (char& c : harmless)
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) c = '?';
  return harmless;
}

void PrintTable(const Context& context, const std::vector<std::string>& head,
                const std::vector<std::vector<std::string>>& rows) {
  if (rows.empty()) return context.Print(Text::kNothing);
  std::vector<std::vector<std::string>> cells;
  cells.push_back(head);
  for (const auto& row : rows) {
    cells.emplace_back();
    for (const std::string& cell : row) cells.back().push_back(Harmless(cell));
  }
  std::vector<size_t> widths(head.size());
  for (const auto& row : cells)
    for (size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], WidthOf(row[i]));
  const bool color = WantsColor(Stream::kOutput);
  for (size_t r = 0; r < cells.size(); ++r) {
    std::string line;
    for (size_t i = 0; i < cells[r].size(); ++i) {
      line += cells[r][i];
      if (i + 1 < cells[r].size()) line.append(widths[i] - WidthOf(cells[r][i]) + 2, ' ');
    }
    context.PrintLine(r == 0 && color ? "\033[1m" + line + "\033[0m" : line);
  }
}

}  // namespace caudal::app::cli
