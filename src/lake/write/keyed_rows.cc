#include "lake/write/keyed_rows.h"

#include <algorithm>

#include "base/error.h"
#include "lake/keys/key_slots.h"

namespace caudal::lake {
namespace {

constexpr size_t kSlotsMin = 64;

}  // namespace

size_t KeyedRows::SlotOf(const EncodedKeys& keys, size_t i) const {
  const uint64_t hash = keys.hash(i);
  const uint32_t tag = TagOf(hash);
  const size_t mask = slots_.size() - 1;
  size_t at = hash & mask;
  for (; slots_[at].number != kUnknown; at = (at + 1) & mask)
    if (slots_[at].tag == tag && keys_[slots_[at].number] == keys[i]) break;
  return at;
}

void KeyedRows::Grow() {
  const size_t size = std::max(slots_.size() * 2, kSlotsMin);
  slots_.assign(size, Slot{});
  for (uint32_t number = 0; number < places_.size(); ++number) {
    const uint64_t hash = keys_.hash(number);
    size_t at = hash & (size - 1);
    while (slots_[at].number != kUnknown) at = (at + 1) & (size - 1);
    slots_[at] = {TagOf(hash), number};
  }
}

uint32_t KeyedRows::NumberOf(const EncodedKeys& keys, size_t i) {
  if ((places_.size() + 1) * 3 > slots_.size() * 2) Grow();
  Slot& slot = slots_[SlotOf(keys, i)];
  if (slot.number != kUnknown) return slot.number;
  CAUDAL_CHECK(places_.size() < kKeysMax, "keys are numbered in 32 bits");
  slot = {TagOf(keys.hash(i)), static_cast<uint32_t>(places_.size())};
  keys_.AppendKey(keys, i);
  places_.emplace_back();
  return slot.number;
}

uint32_t KeyedRows::Find(const EncodedKeys& keys, size_t i) const {
  return slots_.empty() ? kUnknown : slots_[SlotOf(keys, i)].number;
}

uint64_t KeyedRows::memory() const {
  return keys_.memory() + places_.capacity() * sizeof(RowPlace) + slots_.capacity() * sizeof(Slot);
}

}  // namespace caudal::lake
