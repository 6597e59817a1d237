// Data files of a table written anew as fewer, without their deleted rows.
#pragma once

#include <atomic>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/result.h"
#include "lake/keys/key_codec.h"
#include "lake/upkeep/compaction_plan.h"
#include "lake/upkeep/equality_deletes.h"
#include "lake/write/data_files.h"

namespace caudal::lake {

struct RewrittenFile {
  ScanFile scan;
  RowSet by_position;     // rows that deletes by position had deleted when it was read
  RowSet deleted;         // these, and those deleted by equality
  int64_t first_row = 0;  // the place of its first live row among all that were written
  int64_t live() const { return scan.data->file.record_count - deleted.size(); }
};

struct RewrittenGroup {
  std::vector<RewrittenFile> from;
  std::vector<WrittenFile> files;
  bool ordered = true;  // the files have the rows one after the other, as they were read
  std::optional<EncodedKeys> keys;  // of the rows, where they were asked for and aren't too many
  int64_t rows() const;
};

struct RewriteOptions {
  DataFileOptions files;
  const KeyCodec* keys = nullptr;  // to be kept, up to `keys_bytes_max`
  uint64_t keys_bytes_max = 64u << 20;
  const std::atomic<bool>* stop = nullptr;  // kCancelled when it becomes true
};

// Streams: memory doesn't grow with the files. `equality` has read the files' equality deletes. The
// files that it gives are the caller's to commit or discard.
Result<RewrittenGroup> Rewrite(const WriteContext& context, const TableMetadata& metadata,
                               const CompactionGroup& group, const DeletedRows& deleted,
                               const EqualityDeletes& equality, const RewriteOptions& options);

// Rows that were deleted after they were read for the group, as rows of its new files.
struct Remapped {
  std::vector<FileRows> deleted;  // in files[i]; without rows: none
  int64_t rows = 0;
};
// `deleted` and `live` (data files by path) are of the state that the group is committed to. A file
// that isn't in it any more has lost all its rows. Nothing when the group has to be given up: rows
// that it left out are there again, or others were deleted in a group that isn't ordered, or by
// equality.
std::optional<Remapped> Remap(const RewrittenGroup& group, const DeletedRows& deleted,
                              const std::unordered_map<std::string, ScanFile>& live);

}  // namespace caudal::lake
