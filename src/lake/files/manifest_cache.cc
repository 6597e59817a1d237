#include "lake/files/manifest_cache.h"

#include <utility>

#include "lake/catalog/read_object.h"
#include "lake/format/manifest.h"

namespace caudal::lake {
namespace {

// Beside what a manifest lists: paths, bounds and counts take more in memory than in a file.
constexpr uint64_t kParsedFactor = 4;

Error Corrupt(const std::string& path, Error error) {
  if (error.Is(ErrorKind::kInvalid)) error.kind = ErrorKind::kCorrupt;
  return std::move(error).Within(path);
}

Result<std::vector<ManifestFile>> ManifestsOf(objects::Store& store, const Snapshot& snapshot) {
  std::vector<ManifestFile> listed;
  if (snapshot.manifest_list.empty()) {
    for (const std::string& path : snapshot.manifests) listed.push_back({.path = path});
    return listed;
  }
  const std::string bytes = TRY(ReadTableFile(store, snapshot.manifest_list));
  Result<std::vector<ManifestFile>> read = ReadManifestList(bytes);
  if (!read.ok()) return Corrupt(snapshot.manifest_list, std::move(read).error());
  return read;
}

}  // namespace

const ManifestCache::Entry* ManifestCache::Find(const std::string& path) {
  const auto found = by_path_.find(path);
  if (found == by_path_.end()) return nullptr;
  entries_.splice(entries_.begin(), entries_, found->second);
  return &*found->second;
}

void ManifestCache::Put(Entry entry) {
  MutexLock lock(mutex_);
  if (entry.bytes > bytes_max_ || by_path_.contains(entry.path)) return;
  bytes_ += entry.bytes;
  entries_.push_front(std::move(entry));
  by_path_[entries_.front().path] = entries_.begin();
  while (bytes_ > bytes_max_) {
    bytes_ -= entries_.back().bytes;
    by_path_.erase(entries_.back().path);
    entries_.pop_back();
  }
}

Result<SharedManifest> ManifestCache::ReadOne(const ManifestFile& listed) {
  {
    MutexLock lock(mutex_);
    if (const Entry* entry = Find(listed.path)) return entry->manifest;
  }
  const std::string bytes = TRY(ReadTableFile(store_, listed.path));
  Result<Manifest> read = ReadManifest(bytes, listed);
  if (!read.ok()) return Corrupt(listed.path, std::move(read).error());
  auto manifest = std::make_shared<LiveManifest>();
  manifest->listed = listed;
  for (ManifestEntry& entry : read->entries) {
    if (!entry.live()) continue;
    auto file = std::make_shared<LiveFile>();
    file->file = std::move(entry.file);
    file->spec_id = read->header.spec.id;
    file->snapshot_id = entry.snapshot_id.value_or(0);
    file->sequence_number = entry.sequence_number.value_or(0);
    file->file_sequence_number = entry.file_sequence_number.value_or(0);
    manifest->files.push_back(std::move(file));
  }
  Put({listed.path, bytes.size() * kParsedFactor, manifest, nullptr});
  return SharedManifest(std::move(manifest));
}

Result<SharedFiles> ManifestCache::Read(const Snapshot& snapshot) {
  if (!snapshot.manifest_list.empty()) {
    MutexLock lock(mutex_);
    if (const Entry* entry = Find(snapshot.manifest_list)) return entry->files;
  }
  const std::vector<ManifestFile> listed = TRY(ManifestsOf(store_, snapshot));
  auto files = std::make_shared<SnapshotFiles>();
  for (const ManifestFile& one : listed) {
    SharedManifest manifest = TRY(ReadOne(one));
    files->manifests.push_back(std::move(manifest));
  }
  if (!snapshot.manifest_list.empty())
    Put({snapshot.manifest_list, 1024 + listed.size() * 64, nullptr, files});
  return SharedFiles(std::move(files));
}

void ManifestCache::Keep(const std::string& manifest_list, SharedFiles files) {
  for (const SharedManifest& manifest : files->manifests) {
    const auto bytes = static_cast<uint64_t>(manifest->listed.length) * kParsedFactor;
    Put({manifest->listed.path, bytes, manifest, nullptr});
  }
  const uint64_t bytes = 1024 + files->manifests.size() * 64;
  Put({manifest_list, bytes, nullptr, std::move(files)});
}

}  // namespace caudal::lake
