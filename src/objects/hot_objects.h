// Small objects that are read often, row and bytes together: such a read needs neither the database
// nor a file.
//
// An entry is what the committed metadata says: a change takes the entry out in its transaction,
// before anyone can see the outcome, and nothing read before or during that transaction comes in
// again. Bounded by bytes; the least recently read goes first. Loses everything at a restart.
#pragma once

#include <array>
#include <cstdint>
#include <list>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/mutex.h"
#include "meta/database.h"
#include "objects/types.h"

namespace caudal::objects {

// Thread-safe. Changes are told on the writer thread.
class HotObjects {
 public:
  struct Entry {
    Object object;  // a live generation
    std::string bytes;
  };
  using EntryPtr = std::shared_ptr<const Entry>;

  // 0 bytes: keeps nothing.
  explicit HotObjects(uint64_t bytes_max) : shard_bytes_max_(bytes_max / kShards) {}

  // Null when it isn't here.
  EntryPtr Find(std::string_view bucket, std::string_view name);

  // To be taken before the snapshot that an entry is read from.
  struct Ticket {
    size_t shard = 0;
    uint64_t version = 0;
  };
  Ticket Begin(std::string_view bucket, std::string_view name);
  bool Fits(const Object& object) const;
  // Dropped when an object of the shard has changed since the ticket, or is changing.
  void Keep(Ticket ticket, EntryPtr entry);

  void Change(meta::Tx& tx, std::string_view bucket, std::string_view name);
  // Every object of every bucket: for what a bucket says of its objects.
  void ChangeAll(meta::Tx& tx);

 private:
  static constexpr size_t kShards = 16;
  // Views into the entry that the key belongs to.
  struct Key {
    std::string_view bucket;
    std::string_view name;
    bool operator==(const Key&) const = default;
  };
  struct KeyHash {
    size_t operator()(const Key& key) const;
  };
  struct Shard {
    Mutex mutex;
    uint64_t version GUARDED_BY(mutex) = 0;
    int changing GUARDED_BY(mutex) = 0;  // transactions whose end isn't known yet
    uint64_t bytes GUARDED_BY(mutex) = 0;
    std::list<EntryPtr> by_use GUARDED_BY(mutex);  // the last read first
    std::unordered_map<Key, std::list<EntryPtr>::iterator, KeyHash> entries GUARDED_BY(mutex);

    void Drop(std::list<EntryPtr>::iterator entry) REQUIRES(mutex);
    void Ended() EXCLUDES(mutex);
  };
  static uint64_t CostOf(const Entry& entry);
  static size_t ShardOf(const Key& key) { return KeyHash()(key) % kShards; }

  const uint64_t shard_bytes_max_;
  std::array<Shard, kShards> shards_;
};

}  // namespace caudal::objects
