// A captured table, bound to the tables that its changes go to.
#pragma once

#include <vector>

#include "base/result.h"
#include "capture/landing/history_tables.h"
#include "capture/landing/landing.h"
#include "capture/postgres/catalog.h"
#include "capture/postgres/options.h"
#include "capture/postgres/stream/captured_columns.h"

namespace caudal::capture::postgres {

struct BoundTable {
  LandedTable landed;
  std::vector<CapturedColumn> columns;  // the first of landed.history, in order
  bool key_text = false;                // Layout::key_text of a TableDecoder
};

// Makes or changes its replica and history; `anew` as HistoryTables has it. Errors are those of
// CapturedColumnsOf, ShapeOf and HistoryTables.
Result<BoundTable> BindTable(const SourceTable& table, const SourceOptions& options,
                             uint32_t incarnation, HistoryTables& tables, bool anew = false);

}  // namespace caudal::capture::postgres
