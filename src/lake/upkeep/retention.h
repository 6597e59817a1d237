// Which snapshots a table keeps: all of the last time, ever fewer of older ones.
#pragma once

#include <cstdint>
#include <vector>

#include "lake/format/table_metadata.h"

namespace caudal::lake {

struct Retention {
  int64_t all_ms = 60'000;           // all that are younger; of more than `all_max`, the youngest,
  size_t all_max = 100;              // and the last of each second before
  int64_t by_minute_ms = 3'600'000;  // then the last of each minute
  int64_t by_hour_ms = 604'800'000;  // then the last of each hour; then none
};

// Ids of snapshots that are to go. Those that a branch or tag points to stay, and all that lead to
// a branch other than main. The table's properties "history.expire.max-snapshot-age-ms" and
// "history.expire.min-snapshots-to-keep" hold, where they are set.
std::vector<int64_t> SnapshotsToExpire(const TableMetadata& metadata, const Retention& retention,
                                       int64_t now_ms);

}  // namespace caudal::lake
