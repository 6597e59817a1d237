// Which rows of a table's data files are deleted by position, in one snapshot after another.
#pragma once

#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "base/result.h"
#include "lake/files/snapshot_files.h"
#include "lake/keys/row_set.h"
#include "lake/write/context.h"

namespace caudal::lake {

// Files of deletes that say of which data file they are aren't read before that file is asked for:
// what a look at a table costs doesn't grow with all its deletes. One thread at a time.
class DeletedRows {
 public:
  // Brings it to this state. Reads the other files that are new since the last call. kCorrupt
  // naming a file; kUnsupported for deletion vectors. After an error the next call begins anew.
  Result<void> Read(const WriteContext& context, const TableMetadata& metadata,
                    const SnapshotFiles& files);
  // Of a state, the files of position deletes that Read would look at.
  size_t CountUnknown(const SnapshotFiles& files) const;
  // Reads what is missing for a data file.
  Result<void> Load(const WriteContext& context, const std::string& path);

  // How many rows of a data file are deleted: so many or, before Load, less.
  int64_t CountOf(const std::string& path) const;
  // Which: after Load. Empty: none.
  const RowSet& Of(const std::string& path) const;
  // The data files that a file of position deletes hits.
  const std::vector<std::string>& HitBy(const std::string& deletes) const;

 private:
  struct Unread {
    SharedFile data;
    std::vector<SharedFile> deletes;
  };

  Result<void> ReadNew(const WriteContext& context, const std::vector<SharedFile>& deletes,
                       const std::vector<ScanFile>& scan);
  Result<void> ReadFile(const WriteContext& context, const SharedFile& deletes,
                        const std::vector<SharedFile>& candidates);
  void Reset();

  std::unordered_set<std::string> data_;  // data files of the last state
  std::unordered_map<std::string, RowSet> of_;
  std::unordered_map<std::string, Unread> unread_;  // by data file
  std::unordered_map<std::string, std::vector<std::string>> hit_by_;
};

}  // namespace caudal::lake
