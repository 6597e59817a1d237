// How the rows of change files become rows of a replica.
#pragma once

#include <cstddef>
#include <vector>

#include "base/result.h"
#include "lake/format/table_metadata.h"

namespace caudal::pipeline {

struct ChangeLayout {
  // What to read of a change file: the replica's columns in its order, then `op`, then `before`
  // with the key's columns alone (not of a table with `_caudal_key` in its change files), then of
  // `_caudal` what is in kCaudal….
  Schema read;
  Schema replica;
  size_t columns = 0;       // that are read of the replica's
  std::vector<size_t> key;  // places of its key, in the order of `before`'s parts
  bool key_text = false;    // the key is `_caudal_key`, which change files have
  // The key is `_caudal_key`, which is made of the row (RowKeys). It isn't read; of `before` all
  // is.
  bool row_key = false;
  size_t op = 0;
  size_t before = 0;  // where there is one
  size_t caudal = 0;

  bool has_before() const { return !key_text && columns > 0; }
};

// Parts of `_caudal` as they are read; the first three are the replica's.
inline constexpr size_t kCaudalPosition = 0;
inline constexpr size_t kCaudalCommittedAt = 1;
inline constexpr size_t kCaudalUnrepresentable = 2;
inline constexpr size_t kCaudalBeforeKey = 3;
inline constexpr size_t kCaudalUnchanged = 4;
inline constexpr size_t kCaudalBeforeUnrepresentable = 5;

// kCorrupt, naming the column, when the tables aren't as RawTables made them.
Result<ChangeLayout> ChangeLayoutOf(const lake::TableMetadata& replica,
                                    const lake::TableMetadata& history);

}  // namespace caudal::pipeline
