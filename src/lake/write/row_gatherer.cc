#include "lake/write/row_gatherer.h"

#include <algorithm>
#include <utility>

#include "data/batch_builder.h"

namespace caudal::lake {

size_t RowGatherer::AddSource(Read read) {
  sources_.push_back({std::move(read), {}, {}});
  return sources_.size() - 1;
}

Result<void> RowGatherer::ReadAll() {
  for (const Wanted& one : wanted_)
    if (one.source != SIZE_MAX) sources_[one.source].rows.push_back(one.row);
  for (Source& source : sources_) {
    if (source.rows.empty()) continue;
    std::ranges::sort(source.rows);
    const auto [first, last] = std::ranges::unique(source.rows);
    source.rows.erase(first, last);
    source.batch = TRY(source.read(source.rows));
  }
  return {};
}

Result<FoundRows> RowGatherer::Finish() {
  TRY(ReadAll());
  FoundRows found;
  BatchBuilder builder = TRY(BatchBuilder::Make(columns_));
  int64_t next = 0;
  for (const Wanted& one : wanted_) {
    found.places.push_back(one.source == SIZE_MAX ? FoundRows::kNone : next);
    if (one.source == SIZE_MAX) continue;
    const Source& source = sources_[one.source];
    const auto at = std::ranges::lower_bound(source.rows, one.row) - source.rows.begin();
    for (size_t i = 0; i < columns_.fields().size(); ++i)
      builder.column(i).AppendRows(source.batch.column(i), at, 1);
    ++next;
  }
  found.rows = TRY(builder.Finish());
  return found;
}

}  // namespace caudal::lake
