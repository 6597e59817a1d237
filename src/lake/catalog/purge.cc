#include "lake/catalog/purge.h"

#include <algorithm>
#include <array>
#include <set>
#include <string>

#include "base/log.h"
#include "lake/catalog/locations.h"
#include "lake/catalog/read_object.h"
#include "lake/files/paths.h"
#include "lake/format/manifest.h"

namespace caudal::lake {
namespace {

class Purge {
 public:
  Purge(objects::Store& store, const TableMetadata& metadata)
      : store_(store),
        metadata_(metadata),
        own_{metadata.location + "/", DataFolder(metadata) + "/"} {
    const auto collected = metadata.properties.find("gc.enabled");
    data_too_ = collected == metadata.properties.end() || collected->second != "false";
  }

  PurgeReport Run(const std::string& metadata_location) {
    for (const Snapshot& snapshot : metadata_.snapshots) OfSnapshot(snapshot);
    for (const std::vector<Json>* files : {&metadata_.statistics, &metadata_.partition_statistics})
      for (const Json& file : *files)
        if (file.is_object()) Remove(file.value("statistics-path", std::string()));
    for (const MetadataLogEntry& entry : metadata_.metadata_log) Remove(entry.metadata_file);
    Remove(metadata_location);
    return report_;
  }

 private:
  void OfSnapshot(const Snapshot& snapshot) {
    if (snapshot.manifest_list.empty()) {
      for (const std::string& path : snapshot.manifests) OfManifest({.path = path});
      return;
    }
    if (!done_.insert(snapshot.manifest_list).second) return;
    const Result<std::vector<ManifestFile>> list = ReadList(snapshot.manifest_list);
    if (!list.ok()) {
      Failed(snapshot.manifest_list, list.error());
      return;
    }
    for (const ManifestFile& manifest : *list) OfManifest(manifest);
    Remove(snapshot.manifest_list);
  }

  void OfManifest(const ManifestFile& file) {
    if (!done_.insert(file.path).second) return;
    if (data_too_) {
      const Result<Manifest> manifest = Read(file);
      if (!manifest.ok()) {
        Failed(file.path, manifest.error());
        return;
      }
      for (const ManifestEntry& entry : manifest->entries)
        if (IsOwn(entry.file.path)) Remove(entry.file.path);
    }
    Remove(file.path);
  }

  Result<std::vector<ManifestFile>> ReadList(const std::string& path) {
    const std::string bytes = TRY(ReadTableFile(store_, path));
    return ReadManifestList(bytes);
  }
  Result<Manifest> Read(const ManifestFile& file) {
    const std::string bytes = TRY(ReadTableFile(store_, file.path));
    return ReadManifest(bytes, file);
  }

  bool IsOwn(const std::string& path) const {
    return std::ranges::any_of(own_, [&](const auto& folder) { return path.starts_with(folder); });
  }

  void Remove(const std::string& location) {
    if (location.empty()) return;
    const Result<ObjectPlace> place = PlaceOf(location);
    if (!place.ok()) return Failed(location, place.error());
    const Result<void> removed = store_.Delete({place->bucket, place->name, {}});
    if (removed.ok()) {
      ++report_.removed;
    } else if (!removed.error().Is(ErrorKind::kNotFound)) {
      Failed(location, removed.error());
    }
  }

  void Failed(const std::string& location, const Error& error) {
    ++report_.failed;
    LogWarning("a file of a purged table stays behind",
               {{"file", location}, {"error", error.message}});
  }

  objects::Store& store_;
  const TableMetadata& metadata_;
  const std::array<std::string, 2> own_;
  bool data_too_ = true;
  std::set<std::string> done_;  // lists and manifests
  PurgeReport report_;
};

}  // namespace

PurgeReport PurgeFiles(objects::Store& store, const TableMetadata& metadata,
                       const std::string& metadata_location) {
  return Purge(store, metadata).Run(metadata_location);
}

}  // namespace caudal::lake
