// The snapshots of a table. A commit makes one and drops a few: the others are shared between the
// states of the table, each with the text that it has in a metadata file.
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <iterator>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "lake/format/snapshot.h"

namespace caudal::lake {

// A value: copies share the snapshots, which never change. In the order in which they were added.
class SnapshotList {
 public:
  using value_type = Snapshot;

  class Iterator {
   public:
    using iterator_category = std::forward_iterator_tag;
    using value_type = Snapshot;
    using difference_type = std::ptrdiff_t;
    using pointer = const Snapshot*;
    using reference = const Snapshot&;

    Iterator() = default;
    Iterator(const SnapshotList* list, size_t at) : list_(list), at_(at) {}
    reference operator*() const { return (*list_)[at_]; }
    pointer operator->() const { return &(*list_)[at_]; }
    Iterator& operator++() {
      ++at_;
      return *this;
    }
    Iterator operator++(int) { return {list_, at_++}; }
    bool operator==(const Iterator&) const = default;

   private:
    const SnapshotList* list_ = nullptr;
    size_t at_ = 0;
  };

  SnapshotList() = default;
  SnapshotList(std::initializer_list<Snapshot> snapshots);

  size_t size() const { return entries_.size(); }
  bool empty() const { return entries_.empty(); }
  const Snapshot& operator[](size_t i) const { return entries_[i].shared->snapshot; }
  Iterator begin() const { return {this, 0}; }
  Iterator end() const { return {this, size()}; }
  // Null when there is none.
  const Snapshot* Find(int64_t id) const;

  void Add(Snapshot snapshot);
  template <class Predicate>  // of an id
  void RemoveIf(Predicate&& goes) {
    std::erase_if(entries_, [&](const Entry& entry) { return goes(entry.id); });
  }

  // A JSON list. What was written once isn't made again.
  void AppendText(std::string& text, int format_version) const;

  bool operator==(const SnapshotList& other) const;

 private:
  struct Shared {
    explicit Shared(Snapshot one) : snapshot(std::move(one)) {}
    const Snapshot snapshot;
    std::once_flag written;
    std::string text;  // of format version 2 and later ones
  };
  struct Entry {
    int64_t id;  // here, so that a search stays in one piece of memory
    std::shared_ptr<Shared> shared;
  };

  std::vector<Entry> entries_;
};

}  // namespace caudal::lake
