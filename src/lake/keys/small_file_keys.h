// The keys of many small data files in one table in memory, so that looking a key up doesn't cost
// one look a file.
#pragma once

#include <cstdint>
#include <unordered_map>
#include <vector>

#include "lake/keys/encoded_keys.h"

namespace caudal::lake {

// Not thread-safe.
class SmallFileKeys {
 public:
  struct Hit {
    uint32_t file;
    uint32_t row;
  };

  // `file` is a number that isn't in it. Row i has the i-th key.
  void Add(uint32_t file, EncodedKeys keys);
  void Remove(uint32_t file);

  // Every row with this key (place `key` of `keys`), in any file.
  template <class F>
  void Find(const EncodedKeys& keys, size_t key, F&& visit) const {
    if (slots_.empty()) return;
    const uint64_t hash = keys.hash(key);
    for (size_t i = hash & mask_; slots_[i].row != 0; i = (i + 1) & mask_) {
      const Slot& slot = slots_[i];
      if (slot.hash != hash) continue;
      const auto file = files_.find(slot.file);
      if (file != files_.end() && file->second[slot.row - 1] == keys[key])
        visit(Hit{slot.file, slot.row - 1});
    }
  }

  uint64_t memory() const { return slots_.capacity() * sizeof(Slot) + key_bytes_; }

 private:
  struct Slot {
    uint64_t hash = 0;
    uint32_t file = 0;
    uint32_t row = 0;  // counted from 1; 0: free
  };

  void Insert(const Slot& slot);
  void Rebuild(size_t rows);

  std::vector<Slot> slots_;  // a power of two, at most half of them taken
  size_t mask_ = 0;
  size_t taken_ = 0;  // by files that are gone, too
  size_t rows_ = 0;   // of files that are there
  uint64_t key_bytes_ = 0;
  std::unordered_map<uint32_t, EncodedKeys> files_;
};

}  // namespace caudal::lake
