#include "pipeline/rebuild/history_files.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "capture/landing/change_shape.h"
#include "lake/files/table_file_reader.h"

namespace caudal::pipeline {
namespace {

using lake::FileContent;

Error NotOurs(std::string_view column) {
  return MakeError(
      ErrorKind::kCorrupt,
      fmt::format("the history has no column \"{}\": another program changed it", column));
}

}  // namespace

Result<Schema> OrderColumns(const Schema& history) {
  const Field* op = history.FindByName(capture::kOp);
  const Field* caudal = history.FindByName(capture::kCaudal);
  if (op == nullptr) return NotOurs(capture::kOp);
  if (caudal == nullptr || !caudal->type.Is(TypeKind::kStruct)) return NotOurs(capture::kCaudal);
  const auto position = std::ranges::find(caudal->type.fields(), "position", &Field::name);
  if (position == caudal->type.fields().end()) return NotOurs("_caudal.position");
  Field only = *caudal;
  only.type = Type::Struct({*position});
  return Schema::Make(history.id(), {*op, std::move(only)});
}

Result<HistoryFile> HistoryFiles::LookInto(const lake::SharedFile& file, const Schema& columns,
                                           const std::stop_token& stop) const {
  const lake::WriteContext& context = writer_.context();
  lake::TableFileReader reader =
      TRY(lake::TableFileReader::Open(context.store, context.database, file->file, columns));
  HistoryFile found;
  found.file = file;
  while (const auto read = TRY(reader.Next())) {
    if (stop.stop_requested())
      return MakeError(ErrorKind::kCancelled, "reading the history was cancelled",
                       "rebuild.cancelled");
    const Array& op = read->batch.column(0);
    const Array& position = read->batch.column(1).children()[0];
    for (int64_t row = 0; row < read->batch.rows(); ++row) {
      const std::string_view what = op.bytes(row);
      if (what == "t") {
        found.emptied = position.bytes(row);
        found.reads = 0;
      } else if (what == "r") {
        ++found.reads;
      }
    }
    if (read->batch.rows() == 0) continue;
    if (found.first.empty()) found.first = position.bytes(0);
    found.last = position.bytes(read->batch.rows() - 1);
  }
  return found;
}

Result<void> HistoryFiles::Read(const lake::TableMetadata& history, const std::stop_token& stop) {
  const lake::Snapshot* snapshot = history.current_snapshot();
  if (snapshot == nullptr) {
    files_.clear();
    return {};
  }
  const lake::SharedFiles live = TRY(writer_.manifests().Read(*snapshot));
  if (!live->Files(FileContent::kPositionDeletes).empty() ||
      !live->Files(FileContent::kEqualityDeletes).empty())
    return MakeError(ErrorKind::kConflict, "another program deleted rows of the history",
                     "pipeline.history_changed");
  std::map<std::string_view, HistoryFile*> known;
  for (HistoryFile& file : files_) known.emplace(file.file->file.path, &file);
  const Schema columns = TRY(OrderColumns(history.schema()));
  std::vector<HistoryFile> files;
  for (const lake::SharedFile& file : live->Files(FileContent::kData)) {
    const auto found = known.find(file->file.path);
    if (found != known.end()) {
      files.push_back(*found->second);
      continue;
    }
    HistoryFile one = TRY(LookInto(file, columns, stop));
    if (!one.first.empty()) files.push_back(std::move(one));
  }
  std::ranges::sort(files, {}, &HistoryFile::first);
  for (size_t i = 1; i < files.size(); ++i)
    if (files[i].first <= files[i - 1].last)
      return MakeError(
          ErrorKind::kCorrupt,
          fmt::format("the history isn't in order: {} begins at {}, before the end of "
                      "{}",
                      files[i].file->file.path, files[i].first, files[i - 1].file->file.path));
  files_ = std::move(files);
  return {};
}

std::string HistoryFiles::emptied() const {
  std::string emptied;
  for (const HistoryFile& file : files_) emptied = std::max(emptied, file.emptied);
  return emptied;
}

int64_t HistoryFiles::reads() const {
  int64_t reads = 0;
  for (const HistoryFile& file : files_) {
    if (!file.emptied.empty()) reads = 0;
    reads += file.reads;
  }
  return reads;
}

int64_t HistoryFiles::RowsBehind(const std::string& position) const {
  int64_t rows = 0;
  for (const HistoryFile& file : files_)
    if (file.last > position) rows += file.file->file.record_count;
  return rows;
}

}  // namespace caudal::pipeline
