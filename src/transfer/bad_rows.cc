#include "transfer/bad_rows.h"

#include <fmt/format.h>

namespace caudal::transfer {

std::string TextOf(const BadRow& row) {
  std::string text = row.file;
  if (row.number > 0)
    text +=
        fmt::format("{}{} {}", text.empty() ? "" : " ", row.is_line ? "line" : "row", row.number);
  if (!row.column.empty()) text += fmt::format(", column '{}'", row.column);
  return text + ": " + row.reason;
}

Result<void> BadRows::Check() const {
  if (report_.bad_rows <= max_) return {};
  constexpr size_t kShown = 3;
  std::string text =
      fmt::format("{} row{} can't be loaded{}, so nothing was", report_.bad_rows,
                  report_.bad_rows == 1 ? "" : "s",
                  max_ > 0 ? fmt::format(" and {} may be left out", max_) : std::string());
  for (size_t i = 0; i < std::min(kShown, report_.listed.size()); ++i)
    text += fmt::format("{} {}", i == 0 ? ":" : ";", TextOf(report_.listed[i]));
  if (report_.bad_rows > static_cast<int64_t>(kShown)) text += "; …";
  return MakeError(ErrorKind::kInvalid, std::move(text), "load.bad_rows");
}

}  // namespace caudal::transfer
