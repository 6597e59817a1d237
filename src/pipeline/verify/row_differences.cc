#include "pipeline/verify/row_differences.h"

#include <algorithm>

namespace caudal::pipeline {
namespace {

size_t EndOfKey(const std::vector<HashedRow>& rows, size_t first, const RowDigest& key) {
  while (first < rows.size() && rows[first].key == key) ++first;
  return first;
}

}  // namespace

std::vector<Difference> DifferencesOf(std::vector<HashedRow>& source,
                                      std::vector<HashedRow>& replica, bool keyed) {
  std::ranges::sort(source);
  std::ranges::sort(replica);
  std::vector<Difference> differences;
  size_t left = 0;
  size_t right = 0;
  while (left < source.size() || right < replica.size()) {
    const bool from_source =
        right == replica.size() || (left < source.size() && source[left].key <= replica[right].key);
    const RowDigest key = from_source ? source[left].key : replica[right].key;
    const size_t left_end = EndOfKey(source, left, key);
    const size_t right_end = EndOfKey(replica, right, key);
    const auto here = static_cast<int64_t>(right_end - right);
    const auto there = static_cast<int64_t>(left_end - left);
    const bool same = std::equal(source.begin() + static_cast<int64_t>(left),
                                 source.begin() + static_cast<int64_t>(left_end),
                                 replica.begin() + static_cast<int64_t>(right),
                                 replica.begin() + static_cast<int64_t>(right_end));
    if (same) {
      // Nothing to tell.
    } else if (here == 0 || (!keyed && here < there)) {
      differences.push_back({key, DifferenceKind::kMissing, there - here});
    } else if (there == 0 || !keyed) {
      differences.push_back({key, DifferenceKind::kExtra, here - there});
    } else {
      differences.push_back({key, DifferenceKind::kChanged, 1});
    }
    left = left_end;
    right = right_end;
  }
  return differences;
}

}  // namespace caudal::pipeline
