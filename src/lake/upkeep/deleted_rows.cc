#include "lake/upkeep/deleted_rows.h"

#include <algorithm>
#include <string_view>
#include <unordered_set>
#include <utility>

#include "lake/files/table_file_reader.h"

namespace caudal::lake {

void DeletedRows::Reset() {
  data_.clear();
  of_.clear();
  unread_.clear();
  hit_by_.clear();
}

Result<void> DeletedRows::ReadFile(const WriteContext& context, const SharedFile& deletes,
                                   const std::vector<SharedFile>& candidates) {
  const std::vector<FileRows> found = TRY(context.deletes.Read(deletes->file, candidates));
  std::vector<std::string>& hit = hit_by_[deletes->file.path];
  hit.clear();
  for (const FileRows& one : found) {
    hit.push_back(one.file->file.path);
    RowSet& rows = of_[one.file->file.path];
    for (const int64_t row : one.rows) rows.Add(row);
  }
  return {};
}

Result<void> DeletedRows::ReadNew(const WriteContext& context,
                                  const std::vector<SharedFile>& deletes,
                                  const std::vector<ScanFile>& scan) {
  std::unordered_map<const LiveFile*, std::vector<SharedFile>> candidates;
  for (const SharedFile& file : deletes)
    if (!hit_by_.contains(file->file.path)) candidates[file.get()];
  for (const ScanFile& one : scan)
    for (const SharedFile& file : one.position_deletes)
      if (const auto wanted = candidates.find(file.get()); wanted != candidates.end())
        wanted->second.push_back(one.data);
  for (const SharedFile& file : deletes) {
    const auto wanted = candidates.find(file.get());
    if (wanted == candidates.end()) continue;
    if (wanted->second.empty()) {
      hit_by_[file->file.path] = {};
    } else if (file->file.referenced_data_file && wanted->second.size() == 1) {
      const SharedFile& data = wanted->second[0];
      hit_by_[file->file.path] = {data->file.path};
      Unread& unread = unread_[data->file.path];
      unread.data = data;
      unread.deletes.push_back(file);
    } else {
      TRY(ReadFile(context, file, wanted->second));
    }
  }
  return {};
}

Result<void> DeletedRows::Read(const WriteContext& context, const TableMetadata& metadata,
                               const SnapshotFiles& files) {
  const std::vector<SharedFile> deletes = files.Files(FileContent::kPositionDeletes);
  std::unordered_set<std::string_view> there;
  for (const SharedFile& file : deletes) {
    if (file->file.content_offset)
      return MakeError(ErrorKind::kUnsupported,
                       "the table has deletion vectors, which can't be read here");
    there.insert(file->file.path);
  }
  const std::vector<ScanFile> scan = PlanScan(files, metadata);
  // Rows that only a file that is gone has deleted are back; and a data file that came back (the
  // table was rolled back, or another engine gave an old number) wasn't looked for.
  const bool gone = std::ranges::any_of(
      hit_by_, [&](const auto& before) { return !there.contains(before.first); });
  const bool back = std::ranges::any_of(scan, [&](const ScanFile& one) {
    return !data_.contains(one.data->file.path) &&
           std::ranges::any_of(one.position_deletes, [&](const SharedFile& file) {
             return hit_by_.contains(file->file.path);
           });
  });
  if (gone || back) Reset();
  Result<void> read = ReadNew(context, deletes, scan);
  if (!read.ok()) {
    Reset();
    return read;
  }
  data_.clear();
  for (const ScanFile& one : scan) data_.insert(one.data->file.path);
  return {};
}

size_t DeletedRows::CountUnknown(const SnapshotFiles& files) const {
  size_t unknown = 0;
  for (const SharedManifest& manifest : files.manifests)
    for (const SharedFile& file : manifest->files)
      if (file->file.content == FileContent::kPositionDeletes && !hit_by_.contains(file->file.path))
        ++unknown;
  return unknown;
}

Result<void> DeletedRows::Load(const WriteContext& context, const std::string& path) {
  const auto unread = unread_.find(path);
  if (unread == unread_.end()) return {};
  for (const SharedFile& file : unread->second.deletes)
    TRY(ReadFile(context, file, {unread->second.data}));
  unread_.erase(unread);
  return {};
}

int64_t DeletedRows::CountOf(const std::string& path) const {
  int64_t count = Of(path).size();
  if (const auto unread = unread_.find(path); unread != unread_.end())
    for (const SharedFile& file : unread->second.deletes) count += file->file.record_count;
  return count;
}

const RowSet& DeletedRows::Of(const std::string& path) const {
  static const RowSet none;
  const auto found = of_.find(path);
  return found == of_.end() ? none : found->second;
}

const std::vector<std::string>& DeletedRows::HitBy(const std::string& deletes) const {
  static const std::vector<std::string> none;
  const auto found = hit_by_.find(deletes);
  return found == hit_by_.end() ? none : found->second;
}

}  // namespace caudal::lake
