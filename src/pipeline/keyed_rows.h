// Rows of a change file as changes of a replica, by key.
#pragma once

#include <cstdint>
#include <vector>

#include "base/result.h"
#include "data/batch.h"
#include "lake/write/table_changes.h"
#include "pipeline/change_layout.h"

namespace caudal::pipeline {

struct KeyedRows {
  Batch rows;                            // of the replica's schema
  std::vector<lake::RowChange> changes;  // one for each
};

// `changes` are of ChangeLayout::read. A change that moves a row to another key is two: the old key
// goes, the new row comes. Without truncates; costs no copy of a value unless a key changed. Not of
// a layout with row_key: see RowKeys.
Result<KeyedRows> KeyedRowsOf(const ChangeLayout& layout, const Batch& changes);

// The replica's `_caudal` of the changes.
Array CaudalOf(const ChangeLayout& layout, const Batch& changes);

// The place of the last row that empties the table; -1: none.
int64_t LastTruncate(const ChangeLayout& layout, const Batch& changes);

// Of each row, whether it has another key than before the change.
std::vector<bool> KeyMoved(const ChangeLayout& layout, const Batch& changes);

// The rows with the keys that they had before: of the replica's schema, null beside the key. Of
// use where KeyMoved.
Batch OldKeys(const ChangeLayout& layout, const Batch& changes);

}  // namespace caudal::pipeline
