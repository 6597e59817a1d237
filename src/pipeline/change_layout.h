// How the rows of change files become rows of a replica.
#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "lake/format/table_metadata.h"

namespace caudal::pipeline {

// A name that a column of the history has, or had.
struct FormerName {
  std::optional<size_t> place;  // nothing: the replica hasn't the column any more
  bool ambiguous = false;       // several columns had it, one after the other
};

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

  // Of a layout for old changes, too: what the history's columns were ever called, with the places
  // that they have now.
  std::map<std::string, FormerName, std::less<>> former_names;

  bool has_before() const { return !key_text && columns > 0; }
};

// Parts of `_caudal` as they are read; the first three are the replica's.
inline constexpr size_t kCaudalPosition = 0;
inline constexpr size_t kCaudalCommittedAt = 1;
inline constexpr size_t kCaudalUnrepresentable = 2;
inline constexpr size_t kCaudalBeforeKey = 3;
inline constexpr size_t kCaudalUnchanged = 4;
inline constexpr size_t kCaudalBeforeUnrepresentable = 5;

enum class ChangeAge : uint8_t {
  kPresent,  // written under the history's present columns
  kAny,      // of all its files: names in `_caudal.unchanged` may be former ones
};

// kCorrupt, naming the column, when the tables aren't as RawTables made them.
Result<ChangeLayout> ChangeLayoutOf(const lake::TableMetadata& replica,
                                    const lake::TableMetadata& history,
                                    ChangeAge age = ChangeAge::kPresent);

}  // namespace caudal::pipeline
