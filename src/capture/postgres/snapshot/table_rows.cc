#include "capture/postgres/snapshot/table_rows.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <optional>
#include <thread>
#include <utility>

#include "capture/postgres/snapshot/rate_limit.h"
#include "capture/postgres/snapshot/snapshot_sql.h"
#include "capture/postgres/stream/table_decoder.h"
#include "codec/postgres/copy_text.h"

namespace caudal::capture::postgres {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr int64_t kRowsOfBatch = 8192;
constexpr uint64_t kBytesOfBatch = 16u << 20;
// How soon a stop is noticed while nothing comes.
constexpr milliseconds kGlance{200};
// Of one statement.
constexpr size_t kKeysAtOnce = 500;

// What one COPY after the other sends, as batches.
class Reader {
 public:
  Reader(Connection& connection, const SourceOptions& options, const TableToRead& table,
         const std::function<Position()>& position, const std::stop_token& stop,
         const VisitRows& visit)
      : connection_(connection),
        table_(table),
        position_(position),
        stop_(stop),
        visit_(visit),
        rows_(table.columns.size()),
        limit_(options.snapshot.rows_per_second, steady_clock::now()) {}

  Result<void> Copy(const std::string& sql) {
    if (!decoder_) TRY(MakeDecoder());
    TRY(connection_.StartCopy(sql));
    CopyData row;
    while (true) {
      if (stop_.stop_requested()) return Cancelled();
      const Received received = TRY(connection_.Receive(row, steady_clock::now() + kGlance));
      if (received == Received::kNothingYet) continue;
      if (received == Received::kEnd) return {};
      TRY(Take(row.bytes()));
    }
  }

  Result<void> Finish() { return decoder_ && decoder_->rows() > 0 ? Flush() : Result<void>(); }

 private:
  Result<void> MakeDecoder() {
    TableDecoder::Layout layout;
    layout.table = table_.table.Name();
    layout.columns = table_.columns;
    for (size_t i = 0; i < table_.columns.size(); ++i) layout.sent.columns.emplace_back(i);
    layout.key_text = table_.key_text;
    decoder_ = TRY(TableDecoder::Make(table_.history, std::move(layout)));
    return {};
  }

  Result<void> Take(std::string_view row) {
    const auto values = TRY(rows_.Next(row));
    TRY(decoder_->AddSnapshotRow(values,
                                 {{}, position_ ? position_() : Position(), {}, false, {}}));
    if (limit_.limited()) {
      limit_.Take(1);
      while (limit_.Left(steady_clock::now()) == 0 && !stop_.stop_requested())
        std::this_thread::sleep_for(limit_.Wait());
    }
    if (decoder_->rows() < kRowsOfBatch && decoder_->bytes() < kBytesOfBatch) return {};
    return Flush();
  }

  Result<void> Flush() {
    const Batch rows = TRY(decoder_->Finish());
    return visit_(rows);
  }

  // The server is told, so that it doesn't go on for nobody.
  Error Cancelled() {
    const Result<Canceller> canceller = connection_.MakeCanceller();
    if (canceller.ok()) (void)canceller->Cancel().ok();
    return MakeError(ErrorKind::kCancelled, "reading rows of the source was cancelled",
                     "postgres.cancelled");
  }

  Connection& connection_;
  const TableToRead& table_;
  const std::function<Position()> position_;  // or none
  const std::stop_token stop_;
  const VisitRows& visit_;
  caudal::postgres::CopyTextReader rows_;
  std::optional<TableDecoder> decoder_;
  RateLimit limit_;
};

std::string ColumnList(const std::vector<CapturedColumn>& columns, bool key_only) {
  std::string list;
  for (const CapturedColumn& column : columns)
    if (column.key || !key_only) list += (list.empty() ? "" : ", ") + QuoteName(column.source_name);
  return list;
}

std::string KeysSql(const TableToRead& table, std::string_view filter,
                    std::span<const std::vector<std::string>> keys) {
  std::string sql = fmt::format(
      "COPY (SELECT {} FROM {}{} WHERE ({}) IN (", ColumnList(table.columns, false),
      table.table.kind == 'p' ? "" : "ONLY ", table.table.Name(), ColumnList(table.columns, true));
  std::string_view glue;
  for (const std::vector<std::string>& key : keys) {
    sql += fmt::format("{}(", std::exchange(glue, ", "));
    for (size_t i = 0; i < key.size(); ++i) sql += (i == 0 ? "" : ", ") + QuoteText(key[i]);
    sql += ')';
  }
  sql += ')';
  if (!filter.empty()) sql += fmt::format(" AND ({}\n)", filter);
  return sql + ") TO STDOUT";
}

}  // namespace

Result<void> ReadTableRows(Connection& connection, const SourceOptions& options,
                           const TableToRead& table, const std::stop_token& stop,
                           const VisitRows& visit) {
  const SourceTable& of = table.table;
  const std::string_view filter = options.FilterOf(of.schema, of.name);
  Reader reader(connection, options, table, {}, stop, visit);
  const auto read = [&](uint32_t relation, const std::string& name) -> Result<void> {
    TRY(reader.Copy(CopySql(name, {relation, 0, std::nullopt}, table.columns, filter)));
    return CheckNotRewritten(connection, relation);
  };
  if (of.kind != 'p') TRY(read(of.oid, of.Name()));
  for (const SourcePartition& partition : of.partitions)
    TRY(read(partition.oid, QuoteName(partition.schema, partition.name)));
  return reader.Finish();
}

Result<void> ReadRowsByKey(Connection& connection, const SourceOptions& options,
                           const TableToRead& table, std::span<const std::vector<std::string>> keys,
                           const std::function<Position()>& position, const std::stop_token& stop,
                           const VisitRows& visit) {
  const std::string_view filter = options.FilterOf(table.table.schema, table.table.name);
  Reader reader(connection, options, table, position, stop, visit);
  for (size_t first = 0; first < keys.size(); first += kKeysAtOnce) {
    const auto part = keys.subspan(first, std::min(kKeysAtOnce, keys.size() - first));
    TRY(reader.Copy(KeysSql(table, filter, part)));
  }
  return reader.Finish();
}

}  // namespace caudal::capture::postgres
