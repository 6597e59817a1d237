#include "lake/files/position_delete_cache.h"

#include <utility>

namespace caudal::lake {
namespace {

constexpr uint64_t kEntryBytes = 256;  // beside paths and rows

uint64_t BytesOf(const std::string& path, const DeletedPositions& deletes) {
  uint64_t bytes = kEntryBytes + path.size();
  for (const auto& [data, rows] : deletes)
    bytes += kEntryBytes + data.size() + rows.size() * sizeof(int64_t);
  return bytes;
}

}  // namespace

PositionDeleteCache::Rows PositionDeleteCache::Find(const std::string& path) {
  MutexLock lock(mutex_);
  const auto found = by_path_.find(path);
  if (found == by_path_.end()) return nullptr;
  entries_.splice(entries_.begin(), entries_, found->second);
  return found->second->rows;
}

void PositionDeleteCache::Put(const std::string& path, Rows rows) {
  Entry entry{path, BytesOf(path, *rows), std::move(rows)};
  MutexLock lock(mutex_);
  if (entry.bytes > bytes_max_ || by_path_.contains(path)) return;
  bytes_ += entry.bytes;
  entries_.push_front(std::move(entry));
  by_path_[path] = entries_.begin();
  while (bytes_ > bytes_max_) {
    bytes_ -= entries_.back().bytes;
    by_path_.erase(entries_.back().path);
    entries_.pop_back();
  }
}

Result<std::vector<FileRows>> PositionDeleteCache::Read(const DataFile& deletes,
                                                        const std::vector<SharedFile>& data) {
  Rows rows = Find(deletes.path);
  if (rows == nullptr) {
    DeletedPositions read = TRY(ReadPositionDeletes(store_, database_, deletes));
    rows = std::make_shared<const DeletedPositions>(std::move(read));
    Put(deletes.path, rows);
  }
  return RowsOf(*rows, deletes, data);
}

void PositionDeleteCache::Keep(const std::string& path, DeletedPositions rows) {
  Put(path, std::make_shared<const DeletedPositions>(std::move(rows)));
}

}  // namespace caudal::lake
