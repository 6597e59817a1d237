// Which rows of two tables differ, by digests of their keys and of all that is in them.
#pragma once

#include <cstdint>
#include <vector>

#include "pipeline/verify/row_digest.h"

namespace caudal::pipeline {

enum class DifferenceKind : uint8_t {
  kMissing,  // the source has it, the replica not
  kExtra,    // the other way round
  kChanged,  // both have a row with this key, and they differ; or the replica has several of them
};

struct HashedRow {
  RowDigest key;
  RowDigest row;

  auto operator<=>(const HashedRow&) const = default;
};

struct Difference {
  RowDigest key;
  DifferenceKind kind = DifferenceKind::kChanged;
  int64_t rows = 1;  // so many of it; of a table without a key it may be more

  bool operator==(const Difference&) const = default;
};

// By key, ascending. Sorts both. Rows of tables that aren't `keyed` have their digests as keys, and
// those that are alike are counted.
std::vector<Difference> DifferencesOf(std::vector<HashedRow>& source,
                                      std::vector<HashedRow>& replica, bool keyed);

}  // namespace caudal::pipeline
