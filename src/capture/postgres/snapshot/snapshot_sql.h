// What is asked of the source while its tables are read as of one snapshot.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "capture/landing/ledger.h"
#include "capture/postgres/catalog.h"
#include "capture/postgres/connection.h"
#include "capture/postgres/options.h"
#include "capture/postgres/stream/captured_columns.h"

namespace caudal::capture::postgres {

// Begins a transaction that sees what the exported snapshot does. kNotFound
// ("postgres.no_snapshot") when that is gone: take another one.
Result<void> BeginAsOf(Connection& connection, const std::string& snapshot);

// The chunks that these tables are read in, each table's in order, with about
// `options.chunk_rows` rows each; fewer where rows are large. Servers before PostgreSQL 14 find
// blocks only by reading all of the table: there a chunk is a table, or a partition. One statement
// for all tables, in a transaction of the snapshot or after that was made, so that no partition is
// missed. A table always has a chunk without an end, but for one without partitions.
Result<std::vector<std::vector<ChunkRange>>> PlanChunksOf(Connection& connection,
                                                          std::span<const SourceTable> tables,
                                                          const SnapshotOptions& options);

// COPY of a chunk's rows, with these columns in their order. `table` is QuoteName's, of the table
// or of the partition; `filter` as the source's SQL, or empty.
std::string CopySql(std::string_view table, const ChunkRange& range,
                    const std::vector<CapturedColumn>& columns, std::string_view filter);

// For a table that this transaction has read from, so that it stays as it is. kConflict
// ("postgres.rewritten") when it was rewritten or emptied after the snapshot was made and before
// the first read: then its rows weren't there to be seen.
Result<void> CheckNotRewritten(Connection& connection, uint32_t relation);

}  // namespace caudal::capture::postgres
