// Which row of a transaction is the last of its key.
#pragma once

#include <cstdint>
#include <limits>
#include <vector>

#include "lake/keys/encoded_keys.h"

namespace caudal::lake {

// Where a row is: a part of the transaction (rows that wait, or a file), and its place in there.
struct RowPlace {
  static constexpr uint32_t kNowhere = std::numeric_limits<uint32_t>::max();
  uint32_t part = kNowhere;  // kNowhere: there is no such row
  uint32_t row = 0;
  bool nowhere() const { return part == kNowhere; }
};

// Every key that the transaction names, once, with the place of its row. Keys are numbered in the
// order in which they come. Takes some 40 bytes a key of 8 bytes. One thread at a time.
class KeyedRows {
 public:
  static constexpr uint32_t kKeysMax = std::numeric_limits<uint32_t>::max() - 1;
  static constexpr uint32_t kUnknown = std::numeric_limits<uint32_t>::max();

  KeyedRows() = default;
  explicit KeyedRows(const KeyLayout& layout) : keys_(layout) {}

  size_t size() const { return places_.size(); }
  // The number of the i-th of `keys`; a new key has a row nowhere. There is room for kKeysMax.
  uint32_t NumberOf(const EncodedKeys& keys, size_t i);
  uint32_t Find(const EncodedKeys& keys, size_t i) const;  // kUnknown: it isn't in

  RowPlace& place(uint32_t number) { return places_[number]; }
  const RowPlace& place(uint32_t number) const { return places_[number]; }
  const EncodedKeys& keys() const { return keys_; }  // by number

  uint64_t memory() const;

 private:
  struct Slot {
    uint32_t tag = 0;  // of the hash, the half that doesn't say the slot
    uint32_t number = kUnknown;
  };

  // Where the key is, or would come.
  size_t SlotOf(const EncodedKeys& keys, size_t i) const;
  void Grow();

  EncodedKeys keys_;
  std::vector<RowPlace> places_;  // by number
  std::vector<Slot> slots_;       // a power of two, at most two thirds of them taken
};

}  // namespace caudal::lake
