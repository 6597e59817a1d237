#include "lake/upkeep/rewrite.h"

#include <algorithm>
#include <utility>

#include "base/failpoint.h"
#include "lake/files/table_file_reader.h"
#include "lake/write/row_picker.h"

namespace caudal::lake {
namespace {

class Rewriter {
 public:
  Rewriter(const WriteContext& context, const TableMetadata& metadata, const CompactionGroup& group,
           const DeletedRows& deleted, const EqualityDeletes& equality,
           const RewriteOptions& options)
      : context_(context),
        metadata_(metadata),
        group_(group),
        deleted_(deleted),
        equality_(equality),
        options_(options) {}

  Result<RewrittenGroup> Run() {
    made_.ordered = group_.current_spec;
    if (options_.keys != nullptr && made_.ordered) made_.keys.emplace(options_.keys->layout());
    writer_ = TRY(DataFileWriter::Open(context_, metadata_, options_.files));
    for (const ScanFile& scan : group_.files) {
      RewrittenFile file;
      file.scan = scan;
      file.by_position = deleted_.Of(scan.data->file.path);
      file.deleted = file.by_position;
      file.first_row = writer_->rows();
      TRY(Copy(file));
      CAUDAL_CHECK(writer_->rows() == file.first_row + file.live(),
                   "a rewrite writes each live row once");
      made_.from.push_back(std::move(file));
    }
    const int64_t rows = writer_->rows();
    FAILPOINT("lake.compact.read");
    made_.files = TRY(writer_->Finish());
    int64_t written = 0;
    for (const WrittenFile& file : made_.files) written += file.added.file.record_count;
    CAUDAL_CHECK(written == rows, "a rewrite's files have each row once");
    return std::move(made_);
  }

 private:
  Result<void> Copy(RewrittenFile& file) {
    const DataFile& data = file.scan.data->file;
    if (file.deleted.size() == data.record_count) return {};
    const bool by_equality = !file.scan.equality_deletes.empty();
    Schema columns = metadata_.schema();
    if (by_equality) columns = TRY(equality_.Columns());
    TableFileReader reader =
        TRY(TableFileReader::Open(context_.store, context_.database, data, columns));
    if (reader.rows() != data.record_count)
      return MakeError(ErrorKind::kCorrupt,
                       data.path + " doesn't have the number of rows that its manifest says");
    while (true) {
      if (options_.stop != nullptr && *options_.stop)
        return MakeError(ErrorKind::kCancelled, "compaction stops");
      const std::optional<engine::ParquetRows> rows = TRY(reader.Next());
      if (!rows) return {};
      if (by_equality) equality_.Mark(file.scan, rows->batch, rows->first_row, file.deleted);
      Result<void> written = Write(*rows, file.deleted);
      if (!written.ok()) return std::move(written).error().Within(data.path);
    }
  }

  Result<void> Write(const engine::ParquetRows& rows, const RowSet& deleted) {
    std::vector<Array> columns = rows.batch.columns();
    columns.erase(columns.begin() + static_cast<std::ptrdiff_t>(metadata_.schema().fields().size()),
                  columns.end());
    Batch batch(rows.batch.rows(), std::move(columns));
    std::vector<int64_t> live;
    for (int64_t row = 0; row < batch.rows(); ++row)
      if (!deleted.Has(rows.first_row + row)) live.push_back(row);
    if (live.empty()) return {};
    if (static_cast<int64_t>(live.size()) < batch.rows())
      batch = TRY(PickRows(metadata_.schema(), batch, live));
    if (made_.keys) {
      const bool encoded = options_.keys->Encode(batch, metadata_.schema(), *made_.keys).ok();
      if (!encoded || made_.keys->memory() > options_.keys_bytes_max) made_.keys.reset();
    }
    if (!made_.ordered) return writer_->Write(batch);
    return writer_->WriteInOrder(group_.files[0].data->file.partition, batch);
  }

  const WriteContext& context_;
  const TableMetadata& metadata_;
  const CompactionGroup& group_;
  const DeletedRows& deleted_;
  const EqualityDeletes& equality_;
  const RewriteOptions& options_;
  std::unique_ptr<DataFileWriter> writer_;
  RewrittenGroup made_;
};

// Live rows of the file that are deleted now, ascending; nothing when some are there again.
std::optional<std::vector<int64_t>> NewlyDeleted(const RewrittenFile& file, const RowSet& now) {
  bool back = false;
  file.by_position.ForEach([&](int64_t row) { back = back || !now.Has(row); });
  if (back) return std::nullopt;
  std::vector<int64_t> rows;
  if (now.size() == file.by_position.size()) return rows;
  now.ForEach([&](int64_t row) {
    if (!file.deleted.Has(row)) rows.push_back(row);
  });
  return rows;
}

// A file's rows, ascending, as places among all that were written.
void AddPlaces(const RewrittenFile& file, const std::vector<int64_t>& rows,
               std::vector<int64_t>& places) {
  std::vector<int64_t> deleted;
  file.deleted.ForEach([&](int64_t row) { deleted.push_back(row); });
  size_t before = 0;
  for (const int64_t row : rows) {
    while (before < deleted.size() && deleted[before] < row) ++before;
    places.push_back(file.first_row + row - static_cast<int64_t>(before));
  }
}

bool SameFiles(const std::vector<SharedFile>& a, const std::vector<SharedFile>& b) {
  const auto in = [](const std::vector<SharedFile>& files) {
    return [&files](const SharedFile& one) {
      return std::ranges::any_of(
          files, [&](const SharedFile& file) { return file->file.path == one->file.path; });
    };
  };
  return std::ranges::all_of(a, in(b)) && std::ranges::all_of(b, in(a));
}

}  // namespace

int64_t RewrittenGroup::rows() const {
  int64_t rows = 0;
  for (const WrittenFile& file : files) rows += file.added.file.record_count;
  return rows;
}

Result<RewrittenGroup> Rewrite(const WriteContext& context, const TableMetadata& metadata,
                               const CompactionGroup& group, const DeletedRows& deleted,
                               const EqualityDeletes& equality, const RewriteOptions& options) {
  return Rewriter(context, metadata, group, deleted, equality, options).Run();
}

std::optional<Remapped> Remap(const RewrittenGroup& group, const DeletedRows& deleted,
                              const std::unordered_map<std::string, ScanFile>& live) {
  std::vector<int64_t> places;  // ascending: files come one after the other
  for (const RewrittenFile& file : group.from) {
    const std::string& path = file.scan.data->file.path;
    const auto now = live.find(path);
    if (now == live.end()) {
      for (int64_t i = 0; i < file.live(); ++i) places.push_back(file.first_row + i);
      continue;
    }
    if (!SameFiles(now->second.equality_deletes, file.scan.equality_deletes)) return std::nullopt;
    const std::optional<std::vector<int64_t>> rows = NewlyDeleted(file, deleted.Of(path));
    if (!rows) return std::nullopt;
    AddPlaces(file, *rows, places);
  }
  if (!places.empty() && !group.ordered) return std::nullopt;
  Remapped remapped;
  remapped.rows = static_cast<int64_t>(places.size());
  size_t next = 0;
  int64_t begin = 0;
  for (const WrittenFile& written : group.files) {
    auto file = std::make_shared<LiveFile>();
    file->file = written.added.file;
    file->spec_id = written.added.spec_id;
    const int64_t end = begin + written.added.file.record_count;
    FileRows rows{std::move(file), {}};
    for (; next < places.size() && places[next] < end; ++next)
      rows.rows.push_back(places[next] - begin);
    remapped.deleted.push_back(std::move(rows));
    begin = end;
  }
  return remapped;
}

}  // namespace caudal::lake
