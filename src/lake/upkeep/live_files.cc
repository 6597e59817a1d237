#include "lake/upkeep/live_files.h"

#include <algorithm>
#include <utility>

namespace caudal::lake {

bool LiveFiles::HasDeletes(const std::string& path) const {
  return std::ranges::any_of(deletes,
                             [&](const SharedFile& file) { return file->file.path == path; });
}

LiveFiles LiveFilesOf(const SnapshotFiles& files, const TableMetadata& metadata) {
  LiveFiles live;
  for (ScanFile& scan : PlanScan(files, metadata)) {
    std::string path = scan.data->file.path;
    live.data.emplace(std::move(path), std::move(scan));
  }
  for (const FileContent content : {FileContent::kPositionDeletes, FileContent::kEqualityDeletes})
    for (SharedFile& file : files.Files(content)) live.deletes.push_back(std::move(file));
  return live;
}

void RemoveDangling(const LiveFiles& live, const DeletedRows& deleted,
                    std::unordered_set<std::string>& removed) {
  std::unordered_set<const LiveFile*> needed;
  for (const auto& [path, scan] : live.data)
    if (!removed.contains(path))
      for (const SharedFile& file : scan.equality_deletes) needed.insert(file.get());
  for (const SharedFile& file : live.deletes) {
    const std::string& path = file->file.path;
    const bool stays = file->file.content == FileContent::kEqualityDeletes
                           ? needed.contains(file.get())
                           : std::ranges::any_of(deleted.HitBy(path), [&](const std::string& hit) {
                               return live.data.contains(hit) && !removed.contains(hit);
                             });
    if (!stays) removed.insert(path);
  }
}

}  // namespace caudal::lake
