#include "lake/keys/small_file_keys.h"

#include <algorithm>
#include <bit>
#include <utility>

namespace caudal::lake {

void SmallFileKeys::Insert(const Slot& slot) {
  size_t i = slot.hash & mask_;
  while (slots_[i].row != 0) i = (i + 1) & mask_;
  slots_[i] = slot;
  ++taken_;
}

// With room for `rows` more; what files that are gone took is free again.
void SmallFileKeys::Rebuild(size_t rows) {
  const size_t size = std::bit_ceil(std::max<size_t>((rows_ + rows) * 3, 1024));
  slots_.assign(size, Slot{});
  mask_ = size - 1;
  taken_ = 0;
  for (const auto& [file, keys] : files_)
    for (size_t i = 0; i < keys.size(); ++i)
      Insert({keys.hash(i), file, static_cast<uint32_t>(i) + 1});
}

void SmallFileKeys::Add(uint32_t file, EncodedKeys keys) {
  if ((taken_ + keys.size()) * 2 > slots_.size()) Rebuild(keys.size());
  for (size_t i = 0; i < keys.size(); ++i)
    Insert({keys.hash(i), file, static_cast<uint32_t>(i) + 1});
  rows_ += keys.size();
  key_bytes_ += keys.memory();
  files_[file] = std::move(keys);
}

void SmallFileKeys::Remove(uint32_t file) {
  const auto found = files_.find(file);
  if (found == files_.end()) return;
  rows_ -= found->second.size();
  key_bytes_ -= found->second.memory();
  files_.erase(found);
}

}  // namespace caudal::lake
