// A file of a table as its manifest describes it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "data/value.h"

namespace caudal::lake {

// From a column's field id, in the order of ids.
template <class T>
using ByFieldId = std::vector<std::pair<int32_t, T>>;

enum class FileContent : uint8_t { kData = 0, kPositionDeletes = 1, kEqualityDeletes = 2 };

struct DataFile {
  FileContent content = FileContent::kData;
  std::string path;  // the full URI; deletes name it byte by byte
  std::string format = "PARQUET";
  std::vector<Value> partition;  // one for each field of the manifest's spec
  int64_t record_count = 0;
  int64_t file_size_bytes = 0;
  // All optional: a column that isn't in one of them is not known.
  ByFieldId<int64_t> column_sizes;
  ByFieldId<int64_t> value_counts;  // nulls and NaNs too
  ByFieldId<int64_t> null_value_counts;
  ByFieldId<int64_t> nan_value_counts;
  ByFieldId<std::string> lower_bounds;  // of EncodeValue's bytes; see MakeBounds
  ByFieldId<std::string> upper_bounds;
  std::optional<std::string> key_metadata;
  std::vector<int64_t> split_offsets;  // ascending
  std::vector<int32_t> equality_ids;   // of equality deletes
  std::optional<int32_t> sort_order_id;
  std::optional<std::string> referenced_data_file;  // of position deletes of one data file
  std::optional<int64_t> first_row_id;              // from format version 3 on
  std::optional<int64_t> content_offset;            // of a deletion vector in its file
  std::optional<int64_t> content_size_bytes;        // likewise

  bool operator==(const DataFile&) const = default;
};

// Null when the column isn't in it.
template <class T>
const T* FindById(const ByFieldId<T>& map, int32_t field_id) {
  for (const auto& [id, value] : map)
    if (id == field_id) return &value;
  return nullptr;
}

enum class EntryStatus : uint8_t { kExisting = 0, kAdded = 1, kDeleted = 2 };

struct ManifestEntry {
  EntryStatus status = EntryStatus::kAdded;
  // Where the file was added, or deleted. Read entries have it; written ones without inherit it.
  std::optional<int64_t> snapshot_id;
  // Deletes apply by it. Read entries have both; added ones that are written leave them to be
  // inherited, all others must have them.
  std::optional<int64_t> sequence_number;
  std::optional<int64_t> file_sequence_number;
  DataFile file;

  bool live() const { return status != EntryStatus::kDeleted; }
  bool operator==(const ManifestEntry&) const = default;
};

}  // namespace caudal::lake
