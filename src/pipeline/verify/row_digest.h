// 128 bits that stand for a row: equal rows have equal ones, and others almost never.
#pragma once

#include <compare>
#include <cstdint>
#include <vector>

#include "data/batch.h"
#include "data/buffer.h"

namespace caudal::pipeline {

struct RowDigest {
  uint64_t high = 0;
  uint64_t low = 0;

  auto operator<=>(const RowDigest&) const = default;
};

RowDigest DigestOf(std::string_view bytes);

// Of all values of a row, nested ones too: a null differs from whatever is empty, and every bit of
// a number counts. Names and ids of columns don't. One thread at a time.
class RowDigester {
 public:
  // Of each row, in place of what is in `digests`. Batches of one schema can be compared.
  void Digest(const Batch& rows, std::vector<RowDigest>& digests);

 private:
  void Append(const Array& column, int64_t row);

  Buffer bytes_;  // of one row
};

}  // namespace caudal::pipeline
