#include "lake/files/snapshot_files.h"

#include <algorithm>
#include <unordered_map>

#include "lake/format/position_deletes.h"

namespace caudal::lake {
namespace {

bool SamePartition(const LiveFile& a, const LiveFile& b) {
  return a.spec_id == b.spec_id && a.file.partition == b.file.partition;
}

// Whether the paths that a file of position deletes names may include this one.
bool MayName(const DataFile& deletes, const std::string& path) {
  const std::string* lower = FindById(deletes.lower_bounds, kDeletedPathId);
  if (lower != nullptr && path < *lower) return false;
  const std::string* upper = FindById(deletes.upper_bounds, kDeletedPathId);
  return upper == nullptr || path <= *upper;
}

// The deletes of a snapshot, by what they can hit.
class Deletes {
 public:
  Deletes(const SnapshotFiles& files, const TableMetadata& metadata) : metadata_(metadata) {
    for (SharedFile& file : files.Files(FileContent::kPositionDeletes)) {
      if (file->file.referenced_data_file) {
        of_path_[*file->file.referenced_data_file].push_back(std::move(file));
      } else {
        by_position_.push_back(std::move(file));
      }
    }
    by_equality_ = files.Files(FileContent::kEqualityDeletes);
  }

  void AddTo(ScanFile& scan) const {
    const LiveFile& data = *scan.data;
    if (const auto found = of_path_.find(data.file.path); found != of_path_.end())
      for (const SharedFile& file : found->second)
        if (file->sequence_number >= data.sequence_number) scan.position_deletes.push_back(file);
    for (const SharedFile& file : by_position_)
      if (file->sequence_number >= data.sequence_number && SamePartition(*file, data) &&
          MayName(file->file, data.file.path))
        scan.position_deletes.push_back(file);
    for (const SharedFile& file : by_equality_)
      if (file->sequence_number > data.sequence_number &&
          (Global(*file) || SamePartition(*file, data)))
        scan.equality_deletes.push_back(file);
  }

 private:
  bool Global(const LiveFile& file) const {
    const PartitionSpec* spec = metadata_.FindSpec(file.spec_id);
    return spec != nullptr && spec->unpartitioned();
  }

  const TableMetadata& metadata_;
  std::unordered_map<std::string, std::vector<SharedFile>> of_path_;
  std::vector<SharedFile> by_position_;
  std::vector<SharedFile> by_equality_;
};

}  // namespace

std::vector<SharedFile> SnapshotFiles::Files(FileContent content) const {
  std::vector<SharedFile> found;
  for (const SharedManifest& manifest : manifests)
    for (const SharedFile& file : manifest->files)
      if (file->file.content == content) found.push_back(file);
  return found;
}

std::vector<ScanFile> PlanScan(const SnapshotFiles& files, const TableMetadata& metadata) {
  const Deletes deletes(files, metadata);
  std::vector<ScanFile> scan;
  for (SharedFile& file : files.Files(FileContent::kData)) {
    ScanFile one{std::move(file), {}, {}};
    deletes.AddTo(one);
    scan.push_back(std::move(one));
  }
  return scan;
}

}  // namespace caudal::lake
