// All live files of a snapshot, as its manifests say.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "lake/files/live_file.h"
#include "lake/format/manifest_list.h"
#include "lake/format/table_metadata.h"

namespace caudal::lake {

// A manifest with the files of it that are live. Never changes once it is shared.
struct LiveManifest {
  ManifestFile listed;
  std::vector<SharedFile> files;
};
using SharedManifest = std::shared_ptr<const LiveManifest>;

// In the order of the manifest list.
struct SnapshotFiles {
  std::vector<SharedManifest> manifests;

  // Of one kind, in that order.
  std::vector<SharedFile> Files(FileContent content) const;
};
using SharedFiles = std::shared_ptr<const SnapshotFiles>;

// A data file, with the deletes that apply to it: by sequence number, partition, and the data file
// or the paths that they name.
struct ScanFile {
  SharedFile data;
  std::vector<SharedFile> position_deletes;  // and deletion vectors
  std::vector<SharedFile> equality_deletes;
};

// What a whole read of the snapshot takes: every data file, none with deletes that can't hit it.
// Its cost: data files times the deletes of their partition.
std::vector<ScanFile> PlanScan(const SnapshotFiles& files, const TableMetadata& metadata);

}  // namespace caudal::lake
