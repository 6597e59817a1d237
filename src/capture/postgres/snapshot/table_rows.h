// Rows of one table of a source, as one transaction sees them, in the form in which they are
// landed: for who compares them with what is here.
#pragma once

#include <functional>
#include <span>
#include <stop_token>
#include <string>
#include <vector>

#include "base/result.h"
#include "capture/postgres/catalog.h"
#include "capture/postgres/connection.h"
#include "capture/postgres/options.h"
#include "capture/postgres/stream/captured_columns.h"
#include "data/batch.h"
#include "data/position.h"
#include "data/schema.h"

namespace caudal::capture::postgres {

// References must outlive the calls below.
struct TableToRead {
  const SourceTable& table;
  const std::vector<CapturedColumn>& columns;
  const Schema& history;  // laid out as ShapeOf's of these columns
  bool key_text = false;
};

// Batches of some thousand rows of the history.
using VisitRows = std::function<Result<void>(const Batch&)>;

// All of them, that the source's filter takes, not faster than its options allow; without
// positions. `connection` is in a transaction of BeginAsOf's; an error leaves that failed. Besides
// errors of connection, decoder and `visit`: kConflict ("postgres.rewritten"), kCancelled after
// `stop`.
Result<void> ReadTableRows(Connection& connection, const SourceOptions& options,
                           const TableToRead& table, const std::stop_token& stop,
                           const VisitRows& visit);

// Those with these keys: of each, the texts of the key's columns as the source reads them, in the
// columns' order. Of a key that the source's types take for the same as another's, either's row.
// Each row gets the next `position`.
Result<void> ReadRowsByKey(Connection& connection, const SourceOptions& options,
                           const TableToRead& table, std::span<const std::vector<std::string>> keys,
                           const std::function<Position()>& position, const std::stop_token& stop,
                           const VisitRows& visit);

}  // namespace caudal::capture::postgres
