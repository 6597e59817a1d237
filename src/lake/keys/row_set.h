// Which rows of a data file are deleted.
#pragma once

#include <bit>
#include <cstdint>
#include <vector>

namespace caudal::lake {

// One bit a row, from the first that is deleted on. Not thread-safe.
class RowSet {
 public:
  bool Has(int64_t row) const {
    const auto word = static_cast<size_t>(row >> 6);
    return word < words_.size() && (words_[word] >> (row & 63) & 1) != 0;
  }
  // False when it was in already.
  bool Add(int64_t row) {
    const auto word = static_cast<size_t>(row >> 6);
    if (word >= words_.size()) words_.resize(word + 1);
    const uint64_t bit = uint64_t{1} << (row & 63);
    if ((words_[word] & bit) != 0) return false;
    words_[word] |= bit;
    ++size_;
    return true;
  }
  void Remove(int64_t row) {
    if (!Has(row)) return;
    words_[static_cast<size_t>(row >> 6)] &= ~(uint64_t{1} << (row & 63));
    --size_;
  }
  int64_t size() const { return size_; }
  const std::vector<uint64_t>& words() const { return words_; }  // row r: bit r % 64 of r / 64
  uint64_t memory() const { return words_.size() * sizeof(uint64_t); }

  // Ascending.
  template <class F>
  void ForEach(F&& visit) const {
    for (size_t word = 0; word < words_.size(); ++word)
      for (uint64_t bits = words_[word]; bits != 0; bits &= bits - 1)
        visit(static_cast<int64_t>(word * 64 + static_cast<size_t>(std::countr_zero(bits))));
  }

 private:
  std::vector<uint64_t> words_;
  int64_t size_ = 0;
};

}  // namespace caudal::lake
