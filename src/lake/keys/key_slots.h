// Where a key's slot is looked for. Part of the file format: docs/formats/key-index.md.
#pragma once

#include <cstdint>
#include <cstring>

namespace caudal::lake {

struct KeySlot {
  uint32_t tag;
  uint32_t place;  // row + 1, 0 when empty; with a flag
};

inline uint32_t TagOf(uint64_t hash) { return static_cast<uint32_t>(hash >> 32); }
// By the other half of the hash, which the tag doesn't tell.
inline uint32_t FirstSlotOf(uint64_t hash, uint32_t slots) {
  return static_cast<uint32_t>((hash & 0xffffffffu) * slots >> 32);
}
inline uint32_t NextSlot(uint32_t slot, uint32_t slots) { return ++slot == slots ? 0 : slot; }

// The i-th T of those that lie, however aligned, at `bytes`.
template <class T>
T LoadAt(const char* bytes, uint64_t i) {
  T value;
  std::memcpy(&value, bytes + i * sizeof(T), sizeof value);
  return value;
}

}  // namespace caudal::lake
