#include "lake/write/delete_files.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <utility>

#include "base/failpoint.h"
#include "data/batch_builder.h"
#include "lake/files/paths.h"
#include "lake/format/position_deletes.h"
#include "lake/written_file.h"

namespace caudal::lake {
namespace {

// From so many rows on, a data file's deletes are worth a file of their own.
constexpr size_t kOwnFileRows = 10'000;
constexpr int64_t kBatchRows = 32'768;

template <class T>
void SetById(ByFieldId<T>& map, int32_t field_id, T value) {
  for (auto& [id, old] : map)
    if (id == field_id) old = value;
}

class PositionDeletes final : public DeleteEncoder {
 public:
  PositionDeletes(const WriteContext& context, const TableMetadata& metadata, bool one_each)
      : context_(context), metadata_(metadata), one_each_(one_each) {}

  Result<std::vector<WrittenFile>> Encode(const std::vector<FileRows>& deleted) override {
    // Specification: sorted by path, then by position; and of one partition.
    std::vector<const FileRows*> sorted;
    for (const FileRows& one : deleted)
      if (!one.rows.empty()) sorted.push_back(&one);
    std::ranges::sort(
        sorted, {}, [](const FileRows* one) -> const std::string& { return one->file->file.path; });
    std::vector<std::vector<const FileRows*>> groups;
    std::vector<const LiveFile*> partitions;  // of the shared groups, `shared` says which
    std::vector<size_t> shared;
    for (const FileRows* one : sorted) {
      if (one_each_ || one->rows.size() >= kOwnFileRows) {
        groups.push_back({one});
        continue;
      }
      const auto same = std::ranges::find_if(partitions, [&](const LiveFile* file) {
        return file->spec_id == one->file->spec_id &&
               file->file.partition == one->file->file.partition;
      });
      if (same == partitions.end()) {
        partitions.push_back(one->file.get());
        shared.push_back(groups.size());
        groups.push_back({one});
      } else {
        groups[shared[static_cast<size_t>(same - partitions.begin())]].push_back(one);
      }
    }
    std::vector<WrittenFile> files;
    for (const auto& group : groups) {
      Result<WrittenFile> file = Write(group);
      if (!file.ok()) {
        DiscardFiles(context_, files);
        return file.error();
      }
      files.push_back(std::move(file).take());
    }
    return files;
  }

 private:
  Result<WrittenFile> Write(const std::vector<const FileRows*>& group) {
    const std::string path = context_.folder + "/" + context_.random.Hex(16) + ".parquet";
    engine::ParquetWriteOptions options;
    options.durable = false;
    std::unique_ptr<engine::ParquetWriter> writer =
        TRY(engine::ParquetWriter::Open(context_.database, path, PositionDeleteSchema(), options));
    BatchBuilder builder = TRY(BatchBuilder::Make(PositionDeleteSchema()));
    for (const FileRows* one : group)
      for (const int64_t row : one->rows) {
        builder.column(0).AppendBytes(one->file->file.path);
        builder.column(1).AppendLong(row);
        if (builder.rows() < kBatchRows) continue;
        Batch batch = TRY(builder.Finish());
        TRY(writer->Write(std::move(batch)));
      }
    if (builder.rows() > 0) {
      Batch batch = TRY(builder.Finish());
      TRY(writer->Write(std::move(batch)));
    }
    const engine::ParquetFile parquet = TRY(writer->Finish());
    FAILPOINT("lake.write.deletes");
    AddedFile added = Describe(parquet, group);
    DeletedPositions rows;
    for (const FileRows* one : group) rows[one->file->file.path] = one->rows;
    context_.deletes.Keep(added.file.path, std::move(rows));
    return TakeFile(context_, std::move(added), path, DataFileOptions().publish_bytes);
  }

  AddedFile Describe(const engine::ParquetFile& parquet,
                     const std::vector<const FileRows*>& group) {
    AddedFile added;
    const LiveFile& first = *group.front()->file;
    added.spec_id = first.spec_id;
    added.file = DescribeFile(parquet, fmt::format("{}/{}-deletes.parquet", DataFolder(metadata_),
                                                   context_.random.Hex(16)));
    added.file.content = FileContent::kPositionDeletes;
    added.file.partition = first.file.partition;
    // Whole: by equal bounds, readers see which data file it is of.
    SetById(added.file.lower_bounds, kDeletedPathId, first.file.path);
    SetById(added.file.upper_bounds, kDeletedPathId, group.back()->file->file.path);
    if (group.size() == 1) added.file.referenced_data_file = first.file.path;
    return added;
  }

  const WriteContext context_;
  const TableMetadata& metadata_;
  const bool one_each_;
};

}  // namespace

Result<std::unique_ptr<DeleteEncoder>> MakeDeleteEncoder(const WriteContext& context,
                                                         const TableMetadata& metadata,
                                                         bool one_each) {
  if (metadata.format_version != 2)
    return MakeError(ErrorKind::kUnsupported,
                     fmt::format("rows of a table of format version {} can't be changed here: that "
                                 "takes version 2; appending, replacing and reading work",
                                 metadata.format_version));
  return std::make_unique<PositionDeletes>(context, metadata, one_each);
}

}  // namespace caudal::lake
