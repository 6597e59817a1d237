#include "capture/postgres/snapshot/snapshot_sql.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "capture/postgres/sql_state.h"

namespace caudal::capture::postgres {
namespace {

constexpr int kTidRangesSince = 140000;
// Of a table that was never analysed.
constexpr double kRowsOfBlock = 100;
// As stored, values kept apart (TOAST) included: a chunk is landed as a whole.
constexpr double kChunkBytes = 256.0 * (1 << 20);

struct Size {
  int64_t blocks = 0;
  double rows_of_block = kRowsOfBlock;
  double bytes_of_block = 8192;
};

Result<std::map<uint32_t, Size>> SizesOf(Connection& connection,
                                         std::span<const SourceTable> tables) {
  std::vector<uint32_t> oids;
  for (const SourceTable& table : tables) {
    if (table.kind != 'p') oids.push_back(table.oid);
    for (const SourcePartition& partition : table.partitions) oids.push_back(partition.oid);
  }
  std::map<uint32_t, Size> sizes;
  if (oids.empty()) return sizes;
  const Rows rows = TRY(connection.Query(
      "SELECT c.oid, ceil(pg_relation_size(c.oid)::float8 / "
      "current_setting('block_size')::int)::bigint, coalesce(pg_table_size(c.oid), 0), "
      "greatest(c.reltuples, 0)::bigint, c.relpages FROM pg_catalog.pg_class c WHERE c.oid = ANY "
      "(" +
      OidArray(oids) + "::oid[])"));
  for (int i = 0; i < rows.size(); ++i) {
    Size& size = sizes[static_cast<uint32_t>(rows.Int(i, 0))];
    size.blocks = rows.Int(i, 1);
    if (size.blocks > 0)
      size.bytes_of_block = static_cast<double>(rows.Int(i, 2)) / static_cast<double>(size.blocks);
    if (rows.Int(i, 3) > 0 && rows.Int(i, 4) > 0)
      size.rows_of_block =
          static_cast<double>(rows.Int(i, 3)) / static_cast<double>(rows.Int(i, 4));
  }
  return sizes;
}

void AppendChunks(uint32_t relation, const Size& size, const SnapshotOptions& options,
                  std::vector<ChunkRange>& chunks) {
  const double blocks = std::min(static_cast<double>(options.chunk_rows) / size.rows_of_block,
                                 kChunkBytes / std::max(size.bytes_of_block, 1.0));
  const auto step = static_cast<int64_t>(std::clamp(blocks, 1.0, 4e9));
  int64_t first = 0;
  for (; first + step < size.blocks; first += step)
    chunks.push_back({relation, static_cast<uint32_t>(first), static_cast<uint32_t>(first + step)});
  chunks.push_back({relation, static_cast<uint32_t>(first), std::nullopt});
}

}  // namespace

Result<void> BeginAsOf(Connection& connection, const std::string& snapshot) {
  TRY(connection.Query("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"));
  Result<Rows> done = connection.Query("SET TRANSACTION SNAPSHOT " + QuoteText(snapshot));
  if (!done.ok()) {
    // What servers of different versions say of one that isn't there, or whose session has ended.
    const std::string_view state = SqlStateOf(done.error());
    if (state == "22023" || state == "42704" || state == "55000")
      return MakeError(ErrorKind::kNotFound,
                       fmt::format("the source has no snapshot '{}' any more: {}", snapshot,
                                   done.error().message),
                       "postgres.no_snapshot");
    return std::move(done).error();
  }
  // No more of the source's processors than there are connections; nothing to compile for plain
  // reads.
  TRY(connection.Query("SET LOCAL max_parallel_workers_per_gather = 0; SET LOCAL jit = off"));
  return {};
}

Result<std::vector<std::vector<ChunkRange>>> PlanChunksOf(Connection& connection,
                                                          std::span<const SourceTable> tables,
                                                          const SnapshotOptions& options) {
  std::map<uint32_t, Size> sizes = TRY(SizesOf(connection, tables));
  const bool ranges = connection.server_version() >= kTidRangesSince;
  std::vector<std::vector<ChunkRange>> plans;
  plans.reserve(tables.size());
  for (const SourceTable& table : tables) {
    std::vector<ChunkRange>& chunks = plans.emplace_back();
    const auto append = [&](uint32_t relation) {
      AppendChunks(relation, ranges ? sizes[relation] : Size{}, options, chunks);
    };
    if (table.kind != 'p') append(table.oid);
    for (const SourcePartition& partition : table.partitions) append(partition.oid);
  }
  return plans;
}

std::string CopySql(std::string_view table, const ChunkRange& range,
                    const std::vector<CapturedColumn>& columns, std::string_view filter) {
  std::string sql = "COPY (SELECT";
  for (size_t i = 0; i < columns.size(); ++i)
    sql += (i == 0 ? " " : ", ") + QuoteName(columns[i].source_name);
  sql += fmt::format(" FROM ONLY {}", table);
  std::string_view glue = " WHERE ";
  if (range.first_block > 0) {
    sql += fmt::format("{}ctid >= '({},0)'::tid", glue, range.first_block);
    glue = " AND ";
  }
  if (range.end_block) {
    sql += fmt::format("{}ctid < '({},0)'::tid", glue, *range.end_block);
    glue = " AND ";
  }
  // Behind a line feed a comment at the end of it hides nothing of ours.
  if (!filter.empty()) sql += fmt::format("{}({}\n)", glue, filter);
  return sql + ") TO STDOUT";
}

Result<void> CheckNotRewritten(Connection& connection, uint32_t relation) {
  // The row of the catalogue is as of the snapshot; the function looks at what is now.
  const Rows rows = TRY(connection.Query(
      fmt::format("SELECT c.relfilenode = pg_relation_filenode(c.oid), c.oid::regclass::text FROM "
                  "pg_catalog.pg_class c WHERE c.oid = {}",
                  relation)));
  if (rows.size() == 1 && rows.Bool(0, 0)) return {};
  return MakeError(
      ErrorKind::kConflict,
      fmt::format("the table {} was rewritten or emptied after the snapshot that it is read by",
                  rows.size() == 1 ? std::string(rows.Text(0, 1)) : std::to_string(relation)),
      "postgres.rewritten");
}

}  // namespace caudal::capture::postgres
