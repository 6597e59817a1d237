#include "app/cli/source_cells.h"

#include <fmt/format.h>

#include "app/cli/context.h"

namespace caudal::app::cli {

std::string LagCell(const Json& source) {
  const Json& seconds = source["lag_seconds"];
  return seconds.is_number() ? fmt::format("{:.1f} s", seconds.get<double>()) : "-";
}

std::string SourceErrorCell(const Json& source) {
  return source.contains("error") ? Cell(source["error"], "message") : "-";
}

}  // namespace caudal::app::cli
