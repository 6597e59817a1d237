#include "lake/format/snapshot_list.h"

#include <algorithm>

namespace caudal::lake {

SnapshotList::SnapshotList(std::initializer_list<Snapshot> snapshots) {
  for (const Snapshot& snapshot : snapshots) Add(snapshot);
}

const Snapshot* SnapshotList::Find(int64_t id) const {
  const auto found = std::ranges::find(entries_, id, &Entry::id);
  return found == entries_.end() ? nullptr : &found->shared->snapshot;
}

void SnapshotList::Add(Snapshot snapshot) {
  const int64_t id = snapshot.id;
  entries_.push_back({id, std::make_shared<Shared>(std::move(snapshot))});
}

void SnapshotList::AppendText(std::string& text, int format_version) const {
  text += '[';
  for (const Entry& entry : entries_) {
    Shared& shared = *entry.shared;
    if (format_version < 2) {
      AppendSnapshotText(text, shared.snapshot, format_version);
    } else {
      std::call_once(shared.written,
                     [&] { AppendSnapshotText(shared.text, shared.snapshot, format_version); });
      text += shared.text;
    }
    text += ',';
  }
  if (text.back() == ',') text.pop_back();
  text += ']';
}

bool SnapshotList::operator==(const SnapshotList& other) const {
  return std::ranges::equal(entries_, other.entries_, [](const Entry& a, const Entry& b) {
    return a.shared == b.shared || a.shared->snapshot == b.shared->snapshot;
  });
}

}  // namespace caudal::lake
