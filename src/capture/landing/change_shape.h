// The columns of a source table's replica and of its history.
//
// Replica: the source's columns, in order, and `_caudal` STRUCT (`position` STRING, `committed_at`
// TIMESTAMP, `unrepresentable` LIST of STRUCT (`column`, `value`)). History, and the change files
// that it is made of: the same columns, then `op` STRING, `before` STRUCT of the source's columns,
// and in
// `_caudal` also `before_unrepresentable`, `before_key` STRING and `unchanged` LIST of STRING.
// docs/formats/change-files.md says what is in them.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "data/schema.h"

namespace caudal::capture {

struct ChangeColumn {
  std::string name;  // as the source writes it
  Type type;         // of its values here; ids inside of it don't count
  bool key = false;
  // Values of it can be what `type` doesn't hold (NaN, infinity): as a part of the key they are
  // told apart by their texts.
  bool inexact = false;
  int32_t source_id = 0;  // what stays when the source renames it
};

// Columns whose names differ in case alone, which SQL takes for the same, get "_1", "_2"… behind
// the name; so do those that are called as one of ours. Everything is optional but the key of a
// replica, `op` and `_caudal`.
struct ChangeShape {
  Schema replica;
  Schema history;
  size_t columns = 0;     // the source's: the first of both
  bool key_text = false;  // the next is `_caudal_key` STRING, the key of the replica
  // There is no key: the replica has a `_caudal_key` that is made of the whole row, the history
  // none.
  bool row_key = false;
};

inline constexpr const char* kKeyText = "_caudal_key";
inline constexpr const char* kCaudal = "_caudal";
inline constexpr const char* kOp = "op";
inline constexpr const char* kBefore = "before";

// With ids that only keep fields apart: tables give their own. The key columns are the replica's
// identifier fields, or `_caudal_key` is: when one of them is `inexact` or floating-point, or none
// is there. kInvalid when there are too many columns or types nest too deep.
Result<ChangeShape> ShapeOf(const std::vector<ChangeColumn>& columns);

// Of a history, what rows of a snapshot have beside the source's columns: `op`, and of `_caudal`
// the position and, if it is asked for, what columns don't hold. What a file lacks is null.
Result<Schema> SnapshotColumnsOf(const Schema& history, bool unrepresentable);

}  // namespace caudal::capture
