#include "lake/upkeep/removal.h"

#include <algorithm>
#include <utility>

#include "base/failpoint.h"
#include "base/log.h"
#include "lake/catalog/locations.h"
#include "lake/files/manifest_cache.h"
#include "lake/files/paths.h"

namespace caudal::lake {
namespace {

constexpr size_t kBatch = 500;
constexpr uint64_t kManifestBytes = 32u << 20;

Error Cancelled() { return MakeError(ErrorKind::kCancelled, "the removal of files stops"); }

bool IsMetadataFile(const std::string& name) {
  return name.ends_with(".metadata.json") || name.ends_with(".metadata.json.gz");
}

bool Collected(const TableMetadata& metadata) {
  const auto set = metadata.properties.find("gc.enabled");
  return set == metadata.properties.end() || set->second != "false";
}

}  // namespace

// Where a table's files lie: "bucket", "path/data/". Its location is one too, for others to keep
// out of.
struct Remover::Folder {
  size_t table = 0;  // its place in the list of tables
  bool location = false;
  bool collected = true;
  std::string bucket;
  std::string prefix;

  bool Contains(const Folder& other) const {
    return bucket == other.bucket && other.prefix.starts_with(prefix);
  }
};

struct Remover::Note {
  std::string bucket;
  std::string name;
  int64_t generation = 0;
  Micros since = 0;
};

Result<std::unordered_set<std::string>> ReachableFiles(objects::Store& store,
                                                       const LoadedTable& table) {
  const TableMetadata& metadata = *table.metadata;
  std::unordered_set<std::string> reachable{table.metadata_location};
  for (const MetadataLogEntry& entry : metadata.metadata_log) reachable.insert(entry.metadata_file);
  for (const std::vector<Json>* files : {&metadata.statistics, &metadata.partition_statistics})
    for (const Json& file : *files)
      if (file.is_object()) reachable.insert(file.value("statistics-path", std::string()));
  // Of its own: the other one is for what is in use.
  ManifestCache manifests(store, kManifestBytes);
  for (const Snapshot& snapshot : metadata.snapshots) {
    const SharedFiles files = TRY(manifests.Read(snapshot));
    reachable.insert(snapshot.manifest_list);
    for (const SharedManifest& manifest : files->manifests) {
      if (!reachable.insert(manifest->listed.path).second) continue;
      for (const SharedFile& file : manifest->files) reachable.insert(file->file.path);
    }
  }
  return reachable;
}

// The folders of all tables that there are; and which of them are to be collected.
Result<std::vector<Remover::Folder>> Remover::FoldersOf(const std::vector<ListedTable>& tables) {
  std::vector<Folder> folders;
  for (size_t i = 0; i < tables.size(); ++i) {
    // Where the files of one that can't be read lie isn't known: then nothing is safe.
    const LoadedTable table = TRY(catalog_.Load(tables[i].name));
    const TableMetadata& metadata = *table.metadata;
    for (const auto& [location, path] :
         {std::pair(true, metadata.location), std::pair(false, DataFolder(metadata)),
          std::pair(false, MetadataFolder(metadata))}) {
      const Result<ObjectPlace> place = PlaceOf(path + "/.");
      if (!place.ok()) continue;
      std::string prefix = place->name;
      prefix.pop_back();
      folders.push_back({i, location, Collected(metadata), place->bucket, std::move(prefix)});
    }
  }
  return folders;
}

// Those of a table that it has for itself, below its location.
std::vector<Remover::Folder> Remover::OwnOf(size_t table, const std::vector<Folder>& folders) {
  std::vector<Folder> own;
  const auto location = std::ranges::find_if(
      folders, [&](const Folder& folder) { return folder.table == table && folder.location; });
  if (location == folders.end()) return own;
  for (const Folder& folder : folders) {
    if (folder.table != table || folder.location || !folder.collected) continue;
    const bool taken = std::ranges::any_of(folders, [&](const Folder& other) {
      return other.table != table && !other.location && other.Contains(folder);
    });
    if (!taken && location->Contains(folder)) own.push_back(folder);
  }
  return own;
}

Result<RemovalReport> Remover::Run(OtherFiles* outside) {
  const std::vector<ListedTable> tables = TRY(catalog_.AllTables());
  const std::vector<Folder> folders = TRY(FoldersOf(tables));
  RemovalReport report;
  for (size_t i = 0; i < tables.size(); ++i) {
    if (stop_) return Cancelled();
    ++report.tables;
    const std::vector<Folder> own = OwnOf(i, folders);
    if (own.empty()) {
      ++report.skipped;
      continue;
    }
    std::vector<Folder> others;
    for (const Folder& folder : folders)
      if (folder.table != i) others.push_back(folder);
    Result<void> looked = LookAt(tables[i], own, others, outside, report);
    if (looked.ok()) continue;
    if (looked.error().Is(ErrorKind::kCancelled)) return std::move(looked).error();
    ++report.failed;
    LogWarning("files that a table no longer needs aren't removed",
               {{"table", TextOf(tables[i].name)}, {"reason", looked.error().message}});
  }
  TRY(database_.Write([&](meta::Tx& tx) -> Result<void> {
    TRY(tx.Run("DELETE FROM lake_unneeded WHERE table_uuid NOT IN (SELECT uuid FROM lake_tables)"));
    return {};
  }));
  return report;
}

Result<Remover::Objects> Remover::List(const std::vector<Folder>& own,
                                       const std::vector<Folder>& others) {
  Objects there;
  for (const Folder& folder : own) {
    objects::ListQuery query;
    query.bucket = folder.bucket;
    query.prefix = folder.prefix;
    do {
      if (stop_) return Cancelled();
      const objects::ListPage page = TRY(store_.List(query));
      for (const objects::Object& object : page.items) {
        const bool of_others = std::ranges::any_of(others, [&](const Folder& other) {
          return folder.Contains(other) && object.name.starts_with(other.prefix);
        });
        if (!of_others) there[{object.bucket, object.name}] = object.generation;
      }
      query.page_token = page.next_page_token;
    } while (!query.page_token.empty());
  }
  return there;
}

Result<void> Remover::LookAt(const ListedTable& listed, const std::vector<Folder>& own,
                             const std::vector<Folder>& others, OtherFiles* outside,
                             RemovalReport& report) {
  // First what is there, then what is needed: what a commit brings in between isn't seen, and what
  // was seen and committed in between is needed.
  Objects there = TRY(List(own, others));
  if (outside != nullptr) {
    const LoadedTable before = TRY(catalog_.Load(listed.name));
    for (const objects::ObjectRef& object : TRY(outside->ObjectsOf(before)))
      if (object.generation) there[{object.bucket, object.name}] = *object.generation;
  }
  report.listed += static_cast<int64_t>(there.size());
  const LoadedTable table = TRY(catalog_.Load(listed.name));
  if (table.metadata->uuid != listed.uuid || !Collected(*table.metadata)) return {};
  {
    const std::unordered_set<std::string> reachable = TRY(ReachableFiles(store_, table));
    std::erase_if(there, [&](const auto& object) {
      return reachable.contains("gs://" + object.first.first + "/" + object.first.second);
    });
  }
  report.unneeded += static_cast<int64_t>(there.size());
  const std::vector<Note> due = TRY(TakeNotes(listed.uuid, std::move(there)));
  return Remove(listed.uuid, due, report);
}

// Notes what is new of the objects that nothing needs, and forgets what is needed again or gone.
// Gives back what has been noted for long enough.
Result<std::vector<Remover::Note>> Remover::TakeNotes(const std::string& uuid, Objects unneeded) {
  const Micros now = clock_.Now();
  std::vector<Note> due;
  std::vector<Note> needed;
  {
    meta::ReadTx read = TRY(database_.Read());
    meta::Statement q = TRY(read.Prepare(
        "SELECT bucket, name, generation, since FROM lake_unneeded WHERE table_uuid = ?"));
    q.BindAll(uuid);
    while (TRY(q.Step())) {
      Note note{std::string(q.Text(0)), std::string(q.Text(1)), q.Int(2), q.Int(3)};
      const auto object = unneeded.find({note.bucket, note.name});
      if (object == unneeded.end()) {
        needed.push_back(std::move(note));
      } else if (object->second == note.generation) {
        const Micros keep = IsMetadataFile(note.name) ? options_.keep_metadata : options_.keep;
        unneeded.erase(object);
        if (now - note.since >= keep) due.push_back(std::move(note));
      }
    }
  }
  TRY(Forget(uuid, needed));
  for (auto begin = unneeded.begin(); begin != unneeded.end();) {
    auto end = begin;
    for (size_t i = 0; i < kBatch && end != unneeded.end(); ++i) ++end;
    TRY(database_.Write([&](meta::Tx& tx) -> Result<void> {
      for (auto object = begin; object != end; ++object)
        TRY(
            tx.Run("INSERT OR REPLACE INTO lake_unneeded(table_uuid, bucket, name, generation, "
                   "since) VALUES (?, ?, ?, ?, ?)",
                   uuid, object->first.first, object->first.second, object->second, now));
      return {};
    }));
    begin = end;
  }
  return due;
}

Result<void> Remover::Forget(const std::string& uuid, std::span<const Note> notes) {
  for (; !notes.empty(); notes = notes.subspan(std::min(kBatch, notes.size())))
    TRY(database_.Write([&](meta::Tx& tx) -> Result<void> {
      for (const Note& note : notes.first(std::min(kBatch, notes.size())))
        TRY(tx.Run("DELETE FROM lake_unneeded WHERE table_uuid = ? AND bucket = ? AND name = ?",
                   uuid, note.bucket, note.name));
      return {};
    }));
  return {};
}

Result<void> Remover::Remove(const std::string& uuid, const std::vector<Note>& due,
                             RemovalReport& report) {
  for (size_t begin = 0; begin < due.size(); begin += kBatch) {
    if (stop_) return Cancelled();
    const size_t end = std::min(due.size(), begin + kBatch);
    std::vector<objects::ObjectRef> refs;
    for (size_t i = begin; i < end; ++i)
      refs.push_back({due[i].bucket, due[i].name, due[i].generation});
    FAILPOINT("lake.remove.batch");
    report.removed += TRY(store_.DeleteAll(refs));
    FAILPOINT("lake.remove.noted");
    TRY(Forget(uuid, std::span(due).subspan(begin, end - begin)));
  }
  return {};
}

}  // namespace caudal::lake
