#include "pipeline/verify/replica_rows.h"

#include <utility>

#include "data/batch_builder.h"
#include "engine/parquet_reader.h"

namespace caudal::pipeline {
namespace {

// Those that aren't deleted.
Result<Batch> Living(const Batch& rows, const Schema& columns, int64_t first_row,
                     const lake::RowSet& deleted) {
  BatchBuilder builder = TRY(BatchBuilder::Make(columns));
  int64_t begin = 0;
  for (int64_t row = 0; row <= rows.rows(); ++row) {
    if (row < rows.rows() && !deleted.Has(first_row + row)) continue;
    if (row > begin)
      for (size_t i = 0; i < rows.columns().size(); ++i)
        builder.column(i).AppendRows(rows.column(i), begin, row - begin);
    begin = row + 1;
  }
  return builder.Finish();
}

bool AnyDeleted(const lake::RowSet& deleted, int64_t first, int64_t rows) {
  if (deleted.size() == 0) return false;
  for (int64_t row = first; row < first + rows; ++row)
    if (deleted.Has(row)) return true;
  return false;
}

}  // namespace

Result<ReplicaRows> ReplicaRows::Open(lake::Writer& writer, lake::SharedMetadata metadata) {
  ReplicaRows rows(writer.context());
  rows.metadata_ = std::move(metadata);
  const lake::Snapshot* snapshot = rows.metadata_->current_snapshot();
  if (snapshot == nullptr) return rows;
  const lake::SharedFiles files = TRY(writer.manifests().Read(*snapshot));
  rows.scan_ = lake::PlanScan(*files, *rows.metadata_);
  TRY(rows.deleted_.Read(rows.context_, *rows.metadata_, *files));
  for (const lake::ScanFile& one : rows.scan_) {
    if (!one.equality_deletes.empty())
      return MakeError(ErrorKind::kUnsupported,
                       "the replica has equality deletes of another engine: compact it first",
                       "verify.equality_deletes");
    lake::LocalFile file = TRY(lake::OpenTableFile(rows.context_.store, one.data->file));
    rows.files_.push_back(std::move(file));
    TRY(rows.deleted_.Load(rows.context_, one.data->file.path));
  }
  return rows;
}

Result<void> ReplicaRows::Read(const Schema& columns, const std::stop_token& stop,
                               const std::function<Result<void>(const Batch&)>& visit) {
  for (size_t i = 0; i < files_.size(); ++i) {
    Result<void> read = ReadFile(i, columns, stop, visit);
    if (!read.ok()) return std::move(read).error().Within(scan_[i].data->file.path);
  }
  return {};
}

Result<void> ReplicaRows::ReadFile(size_t number, const Schema& columns,
                                   const std::stop_token& stop,
                                   const std::function<Result<void>(const Batch&)>& visit) {
  const lake::RowSet& deleted = deleted_.Of(scan_[number].data->file.path);
  const std::unique_ptr<engine::ParquetReader> reader =
      TRY(engine::ParquetReader::Open(context_.database, files_[number].path, columns));
  while (const auto read = TRY(reader->Next())) {
    if (stop.stop_requested())
      return MakeError(ErrorKind::kCancelled, "reading the replica was cancelled",
                       "verify.cancelled");
    if (!AnyDeleted(deleted, read->first_row, read->batch.rows())) {
      TRY(visit(read->batch));
      continue;
    }
    const Batch living = TRY(Living(read->batch, columns, read->first_row, deleted));
    if (living.rows() > 0) TRY(visit(living));
  }
  return {};
}

}  // namespace caudal::pipeline
