// Keys of rows as bytes: two rows have the same key when the bytes are the same.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "data/buffer.h"

namespace caudal::lake {

uint64_t HashOf(std::string_view bytes, uint64_t seed = 0);  // XXH3, 64 bits

// What the bytes of a table's keys are. Keys of different layouts have nothing in common; a column
// that was widened (int to long, a decimal to more digits) leaves the layout as it was.
struct KeyLayout {
  uint32_t width = 0;    // bytes of every key; 0: they vary
  bool integer = false;  // 8 bytes that are one signed number
  uint64_t digest = 0;   // of the key columns' ids and encodings

  bool operator==(const KeyLayout&) const = default;
};

// The keys of some rows, one after the other, with their hashes. Move-only.
class EncodedKeys {
 public:
  EncodedKeys() = default;  // takes the layout of the first keys that come
  explicit EncodedKeys(const KeyLayout& layout) : layout_(layout), has_layout_(true) {}

  const KeyLayout& layout() const { return layout_; }
  size_t size() const { return hashes_.size() / sizeof(uint64_t); }
  bool empty() const { return hashes_.empty(); }

  std::string_view operator[](size_t i) const {
    if (layout_.width > 0) return {bytes_.data() + i * layout_.width, layout_.width};
    const uint64_t begin = At(ends_, i);
    return {bytes_.data() + begin, At(ends_, i + 1) - begin};
  }
  // HashOf its bytes; computed when the key came.
  uint64_t hash(size_t i) const { return At(hashes_, i); }
  // Of a layout that says so.
  int64_t integer(size_t i) const {
    int64_t value = 0;
    std::memcpy(&value, bytes_.data() + i * sizeof value, sizeof value);
    return value;
  }

  // All keys, one after the other.
  std::string_view bytes() const { return {bytes_.data(), bytes_.size()}; }
  // Of keys that vary: size() + 1 numbers of 64 bits, where each key begins in bytes(), and the
  // end; empty before the first key.
  std::string_view offsets() const { return {ends_.data(), ends_.size()}; }
  uint64_t memory() const { return bytes_.size() + ends_.size() + hashes_.size(); }

  // One more. `key` has the layout's bytes.
  void Append(std::string_view key);
  void Append(const EncodedKeys& other);               // of the same layout
  void AppendKey(const EncodedKeys& other, size_t i);  // the i-th of them, likewise
  void Clear();                                        // keeps the layout

  // For tests of collisions: cuts every hash to the bits of `mask`.
  void MaskHashesForTest(uint64_t mask);

 private:
  friend class KeyCodec;
  friend class KeyIndexBuilder;

  static uint64_t At(const Buffer& numbers, size_t i) {
    uint64_t value = 0;
    std::memcpy(&value, numbers.data() + i * sizeof value, sizeof value);
    return value;
  }
  void TakeLayout(const KeyLayout& layout);   // a defect when it had another
  void HashFrom(size_t first, size_t count);  // of those, which have no hash yet

  KeyLayout layout_;
  bool has_layout_ = false;
  Buffer bytes_;
  Buffer ends_;  // uint64_t, in front a 0; unused when all keys are as wide
  Buffer hashes_;
};

}  // namespace caudal::lake
