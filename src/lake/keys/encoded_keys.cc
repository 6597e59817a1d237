#include "lake/keys/encoded_keys.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "base/error.h"

namespace caudal::lake {

uint64_t HashOf(std::string_view bytes, uint64_t seed) {
  return XXH3_64bits_withSeed(bytes.data(), bytes.size(), seed);
}

void EncodedKeys::TakeLayout(const KeyLayout& layout) {
  CAUDAL_CHECK(!has_layout_ || layout_ == layout, "keys of one layout");
  layout_ = layout;
  has_layout_ = true;
}

void EncodedKeys::HashFrom(size_t first, size_t count) {
  char* out = hashes_.Extend(count * sizeof(uint64_t));
  const auto put = [&](size_t i, uint64_t hash) {
    std::memcpy(out + i * sizeof hash, &hash, sizeof hash);
  };
  if (layout_.width == sizeof(uint64_t)) {  // a length that the compiler knows
    const char* key = bytes_.data() + first * sizeof(uint64_t);
    for (size_t i = 0; i < count; ++i, key += sizeof(uint64_t))
      put(i, XXH3_64bits(key, sizeof(uint64_t)));
    return;
  }
  for (size_t i = 0; i < count; ++i) put(i, HashOf((*this)[first + i]));
}

void EncodedKeys::Append(std::string_view key) {
  CAUDAL_CHECK(has_layout_ && (layout_.width == 0 || layout_.width == key.size()),
               "a key of the layout");
  const size_t place = size();
  bytes_.Push(key.data(), key.size());
  if (layout_.width == 0) {
    if (ends_.empty()) ends_.Push(uint64_t{0});
    ends_.Push(static_cast<uint64_t>(bytes_.size()));
  }
  HashFrom(place, 1);
}

void EncodedKeys::Append(const EncodedKeys& other) {
  if (other.empty()) return;
  TakeLayout(other.layout_);
  const uint64_t base = bytes_.size();
  bytes_.Push(other.bytes_.data(), other.bytes_.size());
  if (layout_.width == 0) {
    if (ends_.empty()) ends_.Push(uint64_t{0});
    for (size_t i = 1; i <= other.size(); ++i) ends_.Push(base + At(other.ends_, i));
  }
  hashes_.Push(other.hashes_.data(), other.hashes_.size());
}

void EncodedKeys::AppendKey(const EncodedKeys& other, size_t i) {
  TakeLayout(other.layout_);
  const std::string_view key = other[i];
  bytes_.Push(key.data(), key.size());
  if (layout_.width == 0) {
    if (ends_.empty()) ends_.Push(uint64_t{0});
    ends_.Push(static_cast<uint64_t>(bytes_.size()));
  }
  hashes_.Push(other.hash(i));
}

void EncodedKeys::Clear() {
  bytes_.Clear();
  ends_.Clear();
  hashes_.Clear();
}

void EncodedKeys::MaskHashesForTest(uint64_t mask) {
  for (size_t i = 0; i < size(); ++i) {
    const uint64_t hash = At(hashes_, i) & mask;
    std::memcpy(hashes_.data() + i * sizeof hash, &hash, sizeof hash);
  }
}

}  // namespace caudal::lake
