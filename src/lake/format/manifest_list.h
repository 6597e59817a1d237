// Manifest lists: the manifests of a snapshot, and what they hold in sum.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace caudal::lake {

enum class ManifestContent : uint8_t { kData = 0, kDeletes = 1 };

// What the files of a manifest have in one field of their partitions.
struct FieldSummary {
  bool contains_null = false;
  std::optional<bool> contains_nan;
  std::optional<std::string> lower_bound;  // of the partition field's type, uncut
  std::optional<std::string> upper_bound;
  bool operator==(const FieldSummary&) const = default;
};

struct ManifestFile {
  // In a manifest that was written for a commit whose number isn't known yet.
  static constexpr int64_t kUnassigned = -1;

  std::string path;
  int64_t length = 0;
  int32_t partition_spec_id = 0;
  ManifestContent content = ManifestContent::kData;
  int64_t sequence_number = 0;      // of the snapshot that added it
  int64_t min_sequence_number = 0;  // the least of its live files
  int64_t added_snapshot_id = 0;
  // Not known in lists of format version 1 that leave them out.
  std::optional<int32_t> added_files;
  std::optional<int32_t> existing_files;
  std::optional<int32_t> deleted_files;
  std::optional<int64_t> added_rows;
  std::optional<int64_t> existing_rows;
  std::optional<int64_t> deleted_rows;
  std::vector<FieldSummary> partitions;  // one for each field of the spec, or none: not known
  std::optional<std::string> key_metadata;
  std::optional<int64_t> first_row_id;  // of data manifests, from format version 3 on

  bool operator==(const ManifestFile&) const = default;
};

struct ManifestListHeader {
  int format_version = 2;  // 2 or 3
  int64_t snapshot_id = 0;
  std::optional<int64_t> parent_snapshot_id;
  int64_t sequence_number = 0;
  std::optional<int64_t> first_row_id;  // version 3: the snapshot's
};

// The file's bytes. Sequence numbers that are kUnassigned become the header's, in manifests that
// the header's snapshot added. kInvalid, naming the manifest, when another has such, one lacks a
// count, or in version 3 a data manifest its first row id; kUnsupported for another version.
Result<std::string> WriteManifestList(const ManifestListHeader& header,
                                      const std::vector<ManifestFile>& manifests);

// Gives the data manifests that have none a first row id each, from `next_row_id` on; gives back
// the next one that is free. For tables of format version 3.
int64_t AssignFirstRowIds(std::vector<ManifestFile>& manifests, int64_t next_row_id);

// Of any version up to 3. kInvalid when the bytes are no manifest list; the caller names the file.
Result<std::vector<ManifestFile>> ReadManifestList(std::string_view bytes);

}  // namespace caudal::lake
