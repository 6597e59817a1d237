// What a table's rows come to, by parts of their keys: to find out which rows may differ from
// another table's without holding any.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "pipeline/verify/row_digest.h"

namespace caudal::pipeline {

// A row counts in the bucket of its key, wherever it comes among the others. 1.5 MiB.
class RowBuckets {
 public:
  static constexpr size_t kCount = 65'536;
  static size_t BucketOf(const RowDigest& key) { return key.high >> 48; }

  void Add(const RowDigest& key, const RowDigest& row) {
    Bucket& bucket = buckets_[BucketOf(key)];
    ++bucket.rows;
    bucket.high += row.high;
    bucket.low += row.low;
    ++rows_;
  }
  int64_t rows() const { return rows_; }
  int64_t rows(size_t bucket) const { return buckets_[bucket].rows; }

  // Ascending.
  std::vector<size_t> DifferentFrom(const RowBuckets& other) const {
    std::vector<size_t> different;
    for (size_t i = 0; i < kCount; ++i)
      if (!(buckets_[i] == other.buckets_[i])) different.push_back(i);
    return different;
  }

 private:
  // Sums of the rows' digests: rows that are in both tables cancel each other out.
  struct Bucket {
    int64_t rows = 0;
    uint64_t high = 0;
    uint64_t low = 0;
    bool operator==(const Bucket&) const = default;
  };

  std::vector<Bucket> buckets_ = std::vector<Bucket>(kCount);
  int64_t rows_ = 0;
};

}  // namespace caudal::pipeline
