#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "lake/keys/key_index.h"
#include "lake/keys/key_slots.h"

namespace caudal::lake {
namespace {

constexpr size_t kGroup = 32;  // slots that are fetched together

struct Duplicate {
  uint32_t first;
  uint32_t row;
  auto operator<=>(const Duplicate&) const = default;
};

// At most seven of ten slots are used, and one never is.
uint32_t SlotsFor(uint32_t rows) {
  return rows == 0 ? 0 : static_cast<uint32_t>(uint64_t{rows} * 10 / 7 + 1);
}

class Table {
 public:
  Table(const EncodedKeys& keys, uint32_t has_more)
      : keys_(keys), has_more_(has_more), count_(SlotsFor(static_cast<uint32_t>(keys.size()))) {
    slots_.Fill(uint64_t{count_} * sizeof(KeySlot), 0);
  }

  void AddAll() {
    std::array<uint32_t, kGroup> firsts;
    const size_t rows = keys_.size();
    for (size_t row = 0; row < rows; row += kGroup) {
      const size_t n = std::min(kGroup, rows - row);
      for (size_t i = 0; i < n; ++i) {
        firsts[i] = FirstSlotOf(keys_.hash(row + i), count_);
        __builtin_prefetch(slots_.data() + uint64_t{firsts[i]} * sizeof(KeySlot), 1);
      }
      for (size_t i = 0; i < n; ++i) Add(static_cast<uint32_t>(row + i), firsts[i]);
    }
    std::ranges::sort(duplicates_);
  }

  uint32_t count() const { return count_; }
  Buffer& slots() { return slots_; }
  std::vector<Duplicate>& duplicates() { return duplicates_; }

 private:
  // The slot has the first row of a key; further ones are set aside, or many rows of one key would
  // be looked through for each more.
  void Add(uint32_t row, uint32_t at) {
    const uint32_t tag = TagOf(keys_.hash(row));
    for (;; at = NextSlot(at, count_)) {
      auto slot = LoadAt<KeySlot>(slots_.data(), at);
      if (slot.place == 0) return Store(at, {tag, row + 1});
      if (slot.tag != tag) continue;
      const uint32_t first = (slot.place & ~has_more_) - 1;
      if (keys_[first] != keys_[row]) continue;
      duplicates_.push_back({first, row});
      slot.place |= has_more_;
      return Store(at, slot);
    }
  }
  void Store(uint32_t at, KeySlot slot) {
    std::memcpy(slots_.data() + uint64_t{at} * sizeof slot, &slot, sizeof slot);
  }

  const EncodedKeys& keys_;
  const uint32_t has_more_;
  const uint32_t count_;
  Buffer slots_;
  std::vector<Duplicate> duplicates_;
};

// What an index in memory keeps.
struct Memory {
  Buffer slots;
  std::vector<Duplicate> duplicates;
  Buffer offsets;
  Buffer keys;
};

}  // namespace

Result<void> KeyIndexBuilder::Add(const EncodedKeys& keys) {
  if (keys.size() > KeyIndex::kRowsMax - keys_.size())
    return MakeError(ErrorKind::kLimit, fmt::format("the index of {} would have more than {} rows",
                                                    file_.uri, KeyIndex::kRowsMax));
  keys_.Append(keys);
  return {};
}

KeyIndex KeyIndexBuilder::Finish() && {
  KeyIndex index;
  index.layout_ = file_.layout;
  index.file_bytes_ = file_.bytes;
  index.file_digest_ = HashOf(file_.uri, file_.layout.digest);
  index.rows_ = static_cast<uint32_t>(keys_.size());
  Table table(keys_, KeyIndex::kHasMore);
  table.AddAll();
  index.slots_ = table.count();
  for (size_t row = 0; file_.layout.integer && row < keys_.size(); ++row) {
    const int64_t value = keys_.integer(row);
    index.least_ = row == 0 ? value : std::min(index.least_, value);
    index.greatest_ = row == 0 ? value : std::max(index.greatest_, value);
  }

  auto memory = std::make_shared<Memory>();
  memory->slots = std::move(table.slots());
  memory->duplicates = std::move(table.duplicates());
  memory->offsets = std::move(keys_.ends_);
  memory->keys = std::move(keys_.bytes_);
  if (file_.layout.width == 0 && memory->offsets.empty()) memory->offsets.Push(uint64_t{0});
  const auto view = [](const Buffer& buffer) {
    return std::string_view(buffer.data(), buffer.size());
  };
  index.parts_ = {view(memory->slots),
                  {reinterpret_cast<const char*>(memory->duplicates.data()),
                   memory->duplicates.size() * sizeof(Duplicate)},
                  view(memory->offsets),
                  view(memory->keys)};
  index.owner_ = std::move(memory);
  return index;
}

}  // namespace caudal::lake
