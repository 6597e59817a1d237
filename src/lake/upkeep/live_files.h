// The live files of the state that a compaction is committed to.
#pragma once

#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "lake/files/snapshot_files.h"
#include "lake/format/table_metadata.h"
#include "lake/upkeep/deleted_rows.h"

namespace caudal::lake {

struct LiveFiles {
  std::unordered_map<std::string, ScanFile> data;  // by path
  std::vector<SharedFile> deletes;                 // by position and by equality

  bool HasDeletes(const std::string& path) const;
};

LiveFiles LiveFilesOf(const SnapshotFiles& files, const TableMetadata& metadata);

// Adds to `removed` the files of deletes that hit nothing any more once the data files in it are
// gone. `deleted` is of the same state.
void RemoveDangling(const LiveFiles& live, const DeletedRows& deleted,
                    std::unordered_set<std::string>& removed);

}  // namespace caudal::lake
