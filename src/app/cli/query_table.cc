#include "app/cli/query_table.h"

#include <algorithm>
#include <array>

#include "app/cli/table.h"

namespace caudal::app::cli {
namespace {

constexpr size_t kRowsThatDecide = 1000;
constexpr size_t kWidthMin = 8;  // a column isn't cut below it
constexpr std::string_view kGap = "  ";
constexpr std::string_view kCut = "…";

bool IsNumber(const std::string& type) {
  constexpr auto kNumbers = std::to_array<std::string_view>(
      {"TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "UTINYINT", "USMALLINT", "UINTEGER",
       "UBIGINT", "UHUGEINT", "BIGNUM", "FLOAT", "DOUBLE"});
  return std::find(kNumbers.begin(), kNumbers.end(), type) != kNumbers.end() ||
         (type.starts_with("DECIMAL") && type.ends_with(')'));
}

std::string TextOfCell(const Json& value) {
  if (value.is_null()) return "NULL";
  if (value.is_string()) return Harmless(value.get_ref<const std::string&>());
  return Harmless(DumpJson(value));
}

// The first characters, so that with the mark of the cut they take `width`.
std::string CutTo(const std::string& text, size_t width) {
  size_t characters = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    const bool begins = (static_cast<unsigned char>(text[i]) & 0xC0) != 0x80;
    if (begins && characters++ == width - 1) return text.substr(0, i) + std::string(kCut);
  }
  return text;
}

}  // namespace

QueryTable::QueryTable(const Json& columns, size_t line_width, bool color)
    : line_width_(line_width), color_(color) {
  for (const Json& column : columns) {
    Column& made = columns_.emplace_back();
    made.name = TextOfCell(column.at("name"));
    made.right = IsNumber(column.at("type").get<std::string>());
    made.width_wanted = WidthOf(made.name);
  }
}

void QueryTable::Add(const Json& row, std::string& out) {
  std::vector<std::string> cells;
  cells.reserve(columns_.size());
  for (const Json& value : row) cells.push_back(TextOfCell(value));
  cells.resize(columns_.size());
  if (decided_) return AppendLine(cells, out);
  for (size_t i = 0; i < cells.size(); ++i)
    columns_[i].width_wanted = std::max(columns_[i].width_wanted, WidthOf(cells[i]));
  waiting_.push_back(std::move(cells));
  if (waiting_.size() >= kRowsThatDecide) Decide(out);
}

void QueryTable::End(std::string& out) {
  if (!decided_) Decide(out);
}

void QueryTable::Decide(std::string& out) {
  decided_ = true;
  for (Column& column : columns_) column.width = column.width_wanted;
  if (line_width_ > 0) FitInto(line_width_);
  std::vector<std::string> names;
  names.reserve(columns_.size());
  for (const Column& column : columns_) names.push_back(column.name);
  if (color_) out += "\033[1m";
  AppendLine(names, out);
  if (color_) {
    out.pop_back();
    out += "\033[0m\n";
  }
  for (const std::vector<std::string>& cells : waiting_) AppendLine(cells, out);
  waiting_.clear();
}

// The widest columns give first.
void QueryTable::FitInto(size_t line_width) {
  size_t total = kGap.size() * (columns_.size() - std::min<size_t>(columns_.size(), 1));
  for (const Column& column : columns_) total += column.width;
  while (total > line_width) {
    auto widest =
        std::max_element(columns_.begin(), columns_.end(),
                         [](const Column& a, const Column& b) { return a.width < b.width; });
    if (widest == columns_.end() || widest->width <= kWidthMin) return;
    --widest->width;
    --total;
  }
}

void QueryTable::AppendLine(const std::vector<std::string>& cells, std::string& out) const {
  for (size_t i = 0; i < cells.size(); ++i) {
    const Column& column = columns_[i];
    // What the first rows didn't foresee is cut only where a line has an end.
    const size_t wanted = WidthOf(cells[i]);
    const bool cut = line_width_ > 0 && wanted > column.width;
    const size_t width = cut ? column.width : wanted;
    const std::string padding(column.width > width ? column.width - width : 0, ' ');
    if (i > 0) out += kGap;
    if (column.right) out += padding;
    out += cut ? CutTo(cells[i], column.width) : cells[i];
    if (!column.right && i + 1 < cells.size()) out += padding;
  }
  out += '\n';
}

}  // namespace caudal::app::cli
