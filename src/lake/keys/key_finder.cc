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
      ToCandidate(probes_[i]);
      if (probes_[i].place != 0) PrefetchKey(RowOf(probes_[i].place));
    }
    for (size_t i = 0; i < n; ++i) Compare(probes_[i]);
    return broken_ == nullptr ? Result<void>() : index_.Corrupt(broken_);
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

  void Break(Probe& probe, const char* why) {
    broken_ = why;
    probe.place = 0;
  }

  // On to the next slot that may be the key's.
  void ToCandidate(Probe& probe) {
    for (; probe.left > 0; --probe.left, probe.slot = NextSlot(probe.slot, index_.slots_)) {
      const auto slot = LoadAt<KeySlot>(index_.parts_.slots.data(), probe.slot);
      probe.place = slot.place;
      if (slot.place == 0) return;
      if (slot.tag != probe.tag) continue;
      if (RowOf(slot.place) >= index_.rows_) Break(probe, "a slot names a row beyond the last");
      return;
    }
    Break(probe, "it has no empty slot");
  }

  void PrefetchKey(uint32_t row) const {
    const uint32_t width = index_.layout_.width;
    __builtin_prefetch(width > 0 ? index_.parts_.keys.data() + uint64_t{row} * width
                                 : index_.parts_.offsets.data() + uint64_t{row} * sizeof(uint64_t));
  }

  bool IsKeyOf(uint32_t row, Probe& probe) {
    const std::string_view keys = index_.parts_.keys;
    const std::string_view sought = keys_[probe.key];
    const uint32_t width = index_.layout_.width;
    if (width == sizeof(uint64_t))  // a length that the compiler knows
      return LoadAt<uint64_t>(keys.data(), row) == LoadAt<uint64_t>(sought.data(), 0);
    if (width > 0) return std::string_view(keys.data() + uint64_t{row} * width, width) == sought;
    const auto begin = LoadAt<uint64_t>(index_.parts_.offsets.data(), row);
    const auto end = LoadAt<uint64_t>(index_.parts_.offsets.data(), uint64_t{row} + 1);
    if (begin <= end && end <= keys.size())
      return std::string_view(keys.data() + begin, end - begin) == sought;
    Break(probe, "a key lies outside of it");
    return false;
  }

  void Compare(Probe& probe) {
    while (probe.place != 0) {
      const uint32_t row = RowOf(probe.place);
      if (IsKeyOf(row, probe)) {
        hits_.push_back({probe.key, row});
        if ((probe.place & KeyIndex::kHasMore) != 0) AddDuplicates(probe, row);
        return;
      }
      if (broken_ != nullptr) return;
      --probe.left;
      probe.slot = NextSlot(probe.slot, index_.slots_);
      ToCandidate(probe);
    }
  }

  void AddDuplicates(Probe& probe, uint32_t first) {
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
      return Break(probe, "further rows of a key are missing");
    for (; low < count && LoadAt<uint32_t>(pairs, low * 2) == first; ++low) {
      const auto row = LoadAt<uint32_t>(pairs, low * 2 + 1);
      if (row >= index_.rows_) return Break(probe, "a key has a row beyond the last");
      hits_.push_back({probe.key, row});
    }
  }

  const KeyIndex& index_;
  const EncodedKeys& keys_;
  std::vector<KeyIndex::Hit>& hits_;
  std::array<Probe, kGroup> probes_;
  const char* broken_ = nullptr;  // why the index can't be right
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
