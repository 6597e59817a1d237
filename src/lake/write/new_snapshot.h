// A snapshot made from the one before: which files come and go, in manifests of its own.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "base/random.h"
#include "base/result.h"
#include "lake/files/snapshot_files.h"
#include "lake/format/metadata_builder.h"
#include "lake/format/snapshot.h"
#include "objects/store.h"

namespace caudal::lake {

struct AddedFile {
  DataFile file;
  int32_t spec_id = 0;
  // Deletes apply by it: older than the new snapshot's for rows that were in the table before.
  // None: the new snapshot's.
  std::optional<int64_t> sequence_number;
};

struct FileChanges {
  std::string_view operation;  // "append", "overwrite", "delete", "replace"
  std::vector<AddedFile> added;
  std::unordered_set<std::string> removed;  // paths of live files
  // Besides what is counted here; see docs/formats/snapshot-summary.md.
  std::map<std::string, std::string> summary;
};

struct ManifestLimits {
  int small_max = 32;  // manifests of one kind below `small_bytes`: then they are merged
  int64_t small_bytes = 8u << 20;
};

struct NewSnapshot {
  Snapshot snapshot;
  SharedFiles files;                            // its live files
  std::vector<objects::FileToPublish> publish;  // its manifests and manifest list
};

// On top of `parent`, whose live files are `current` (none of an empty table: null). `base` is the
// table's present metadata, for whose next state the numbers are. Pure but for random names.
// kInvalid when a file to be removed isn't live; kUnsupported for format version 1, and for version
// 3 with files of position deletes.
Result<NewSnapshot> MakeSnapshot(const TableMetadata& base, const Snapshot* parent,
                                 const SharedFiles& current, const FileChanges& changes,
                                 const ManifestLimits& limits, int64_t now_ms, Random& random);

}  // namespace caudal::lake
