#include "objects/hot_objects.h"

#include <algorithm>
#include <functional>
#include <iterator>

namespace caudal::objects {
namespace {

constexpr uint64_t kObjectBytesMax = 64u << 10;
constexpr uint64_t kEntryOverhead = 256;  // list and map nodes, the strings' heads

}  // namespace

size_t HotObjects::KeyHash::operator()(const Key& key) const {
  const std::hash<std::string_view> hash;
  return hash(key.name) * 31 + hash(key.bucket);
}

uint64_t HotObjects::CostOf(const Entry& entry) {
  const ObjectMetadata& m = entry.object.metadata;
  uint64_t cost = sizeof(Entry) + kEntryOverhead + entry.bytes.size() + entry.object.name.size() +
                  m.content_disposition.size() + m.cache_control.size();
  for (const auto& [name, value] : m.custom) cost += kEntryOverhead + name.size() + value.size();
  return cost;
}

bool HotObjects::Fits(const Object& object) const {
  // What is stored compressed may have to be unpacked on the way out, from its file.
  return object.size <= std::min(kObjectBytesMax, shard_bytes_max_ / 4) &&
         object.metadata.content_encoding.empty();
}

HotObjects::EntryPtr HotObjects::Find(std::string_view bucket, std::string_view name) {
  const Key key{bucket, name};
  Shard& shard = shards_[ShardOf(key)];
  MutexLock lock(shard.mutex);
  const auto found = shard.entries.find(key);
  if (found == shard.entries.end()) return nullptr;
  shard.by_use.splice(shard.by_use.begin(), shard.by_use, found->second);
  return *found->second;
}

HotObjects::Ticket HotObjects::Begin(std::string_view bucket, std::string_view name) {
  const size_t index = ShardOf({bucket, name});
  Shard& shard = shards_[index];
  MutexLock lock(shard.mutex);
  return {index, shard.version};
}

void HotObjects::Keep(Ticket ticket, EntryPtr entry) {
  const uint64_t cost = CostOf(*entry);
  Shard& shard = shards_[ticket.shard];
  MutexLock lock(shard.mutex);
  if (shard.changing > 0 || shard.version != ticket.version || cost > shard_bytes_max_) return;
  const Key key{entry->object.bucket, entry->object.name};
  // Two readers that missed at once: the first one's stays, its key's views with it.
  if (shard.entries.contains(key)) return;
  shard.by_use.push_front(std::move(entry));
  shard.entries.emplace(key, shard.by_use.begin());
  shard.bytes += cost;
  while (shard.bytes > shard_bytes_max_) shard.Drop(std::prev(shard.by_use.end()));
}

void HotObjects::Shard::Drop(std::list<EntryPtr>::iterator entry) {
  bytes -= CostOf(**entry);
  entries.erase(Key{(*entry)->object.bucket, (*entry)->object.name});
  by_use.erase(entry);
}

void HotObjects::Shard::Ended() {
  MutexLock lock(mutex);
  --changing;
  ++version;
}

void HotObjects::Change(meta::Tx& tx, std::string_view bucket, std::string_view name) {
  const Key key{bucket, name};
  Shard& shard = shards_[ShardOf(key)];
  {
    MutexLock lock(shard.mutex);
    ++shard.changing;
    if (const auto found = shard.entries.find(key); found != shard.entries.end())
      shard.Drop(found->second);
  }
  tx.AtEnd([&shard] { shard.Ended(); });
}

void HotObjects::ChangeAll(meta::Tx& tx) {
  for (Shard& shard : shards_) {
    {
      MutexLock lock(shard.mutex);
      ++shard.changing;
      shard.entries.clear();
      shard.by_use.clear();
      shard.bytes = 0;
    }
    tx.AtEnd([&shard] { shard.Ended(); });
  }
}

}  // namespace caudal::objects
