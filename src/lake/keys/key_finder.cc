// Looks keys up in groups: slots of a whole group are on their way before the first is read, then
// the keys they lead to.
#include <algorithm>
#include <array>

#include "lake/keys/key_index.h"
#include "lake/keys/key_slots.h"

namespace caudal::lake {

class KeyFinder {
 public:
  static constexpr size_t kGroup = 32;

  KeyFinder(const KeyIndex& index, const EncodedKeys& keys, std::vector<KeyIndex::Hit>& hits)
      : index_(index), keys_(keys), hits_(hits) {}

  Result<void> FindGroup(std::span<const uint32_t> which) {
    size_t n = 0;
    for (const uint32_t key : which) {
      if (IsOutside(key)) continue;
      const uint64_t hash = keys_.hash(key);
      probes_[n] = {key, TagOf(hash), FirstSlotOf(hash, index_.slots_), index_.slots_, 0};
      __builtin_prefetch(index_.parts_.slots.data() + uint64_t{probes_[n].slot} * sizeof(KeySlot));
      ++n;
    }
    for (size_t i = 0; i < n; ++i) {
      Probe& probe = probes_[i];
      TRY(ToCandidate(probe));
      if (probe.place != 0) PrefetchKey(RowOf(probe.place));
    }
    for (size_t i = 0; i < n; ++i) TRY(Compare(probes_[i]));
    return {};
  }

 private:
  struct Probe {
    uint32_t key;
    uint32_t tag;
    uint32_t slot;   // where the search is
    uint32_t left;   // slots that it may still look at
    uint32_t place;  // what it found there; 0: the key isn't in the file
  };

  static uint32_t RowOf(uint32_t place) { return (place & ~KeyIndex::kHasMore) - 1; }

  bool IsOutside(uint32_t key) const {
    if (!index_.layout_.integer) return false;
    const int64_t value = keys_.integer(key);
    return value < index_.least_ || value > index_.greatest_;
  }

  // On to the next slot that may be the key's.
  Result<void> ToCandidate(Probe& probe) const {
    for (; probe.left > 0; --probe.left, probe.slot = NextSlot(probe.slot, index_.slots_)) {
      const auto slot = LoadAt<KeySlot>(index_.parts_.slots.data(), probe.slot);
      probe.place = slot.place;
      if (slot.place == 0) return {};
      if (slot.tag != probe.tag) continue;
      if (RowOf(slot.place) >= index_.rows_)
        return index_.Corrupt("a slot names a row beyond the last");
      return {};
    }
    return index_.Corrupt("it has no empty slot");
  }

  void PrefetchKey(uint32_t row) const {
    const uint32_t width = index_.layout_.width;
    __builtin_prefetch(width > 0 ? index_.parts_.keys.data() + uint64_t{row} * width
                                 : index_.parts_.offsets.data() + uint64_t{row} * sizeof(uint64_t));
  }

  Result<std::string_view> KeyOf(uint32_t row) const {
    const std::string_view keys = index_.parts_.keys;
    const uint32_t width = index_.layout_.width;
    if (width > 0) return std::string_view(keys.data() + uint64_t{row} * width, width);
    const auto begin = LoadAt<uint64_t>(index_.parts_.offsets.data(), row);
    const auto end = LoadAt<uint64_t>(index_.parts_.offsets.data(), uint64_t{row} + 1);
    if (begin > end || end > keys.size()) return index_.Corrupt("a key lies outside of it");
    return std::string_view(keys.data() + begin, end - begin);
  }

  Result<void> Compare(Probe& probe) {
    while (probe.place != 0) {
      const uint32_t row = RowOf(probe.place);
      const std::string_view key = TRY(KeyOf(row));
      if (key == keys_[probe.key]) {
        hits_.push_back({probe.key, row});
        return (probe.place & KeyIndex::kHasMore) != 0 ? AddDuplicates(probe.key, row)
                                                       : Result<void>();
      }
      --probe.left;
      probe.slot = NextSlot(probe.slot, index_.slots_);
      TRY(ToCandidate(probe));
    }
    return {};
  }

  Result<void> AddDuplicates(uint32_t key, uint32_t first) {
    const char* pairs = index_.parts_.duplicates.data();
    const uint64_t count = index_.parts_.duplicates.size() / (2 * sizeof(uint32_t));
    uint64_t low = 0;
    for (uint64_t high = count; low < high;) {
      const uint64_t middle = (low + high) / 2;
      if (LoadAt<uint32_t>(pairs, middle * 2) < first)
        low = middle + 1;
      else
        high = middle;
    }
    if (low == count || LoadAt<uint32_t>(pairs, low * 2) != first)
      return index_.Corrupt("further rows of a key are missing");
    for (; low < count && LoadAt<uint32_t>(pairs, low * 2) == first; ++low) {
      const auto row = LoadAt<uint32_t>(pairs, low * 2 + 1);
      if (row >= index_.rows_) return index_.Corrupt("a key has a row beyond the last");
      hits_.push_back({key, row});
    }
    return {};
  }

  const KeyIndex& index_;
  const EncodedKeys& keys_;
  std::vector<KeyIndex::Hit>& hits_;
  std::array<Probe, kGroup> probes_;
};

Result<void> KeyIndex::Find(const EncodedKeys& keys, std::span<const uint32_t> which,
                            std::vector<Hit>& hits) const {
  if (which.empty() || rows_ == 0) return {};
  CAUDAL_CHECK(keys.layout() == layout_, "keys of the index's layout");
  KeyFinder finder(*this, keys, hits);
  for (; !which.empty(); which = which.subspan(std::min(KeyFinder::kGroup, which.size())))
    TRY(finder.FindGroup(which.first(std::min(KeyFinder::kGroup, which.size()))));
  return {};
}

Result<void> KeyIndex::Find(const EncodedKeys& keys, std::vector<Hit>& hits) const {
  CAUDAL_CHECK(keys.size() <= UINT32_MAX, "places in 32 bits");
  std::array<uint32_t, 1024> places;
  for (size_t first = 0; first < keys.size(); first += places.size()) {
    const size_t n = std::min(places.size(), keys.size() - first);
    for (size_t i = 0; i < n; ++i) places[i] = static_cast<uint32_t>(first + i);
    TRY(Find(keys, std::span(places).first(n), hits));
  }
  return {};
}

}  // namespace caudal::lake
