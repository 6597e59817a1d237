// Files in tables' folders that no snapshot needs, removed some time after that was first seen.
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <unordered_set>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "lake/catalog/catalog.h"
#include "meta/database.h"
#include "objects/store.h"

namespace caudal::lake {

struct RemovalOptions {
  Micros keep = 24ll * 3'600'000'000;  // queries that run, and commits on their way, end before
  Micros keep_metadata = 600'000'000;  // metadata files, which are read once
};

struct RemovalReport {
  int64_t tables = 0;
  int64_t skipped = 0;   // that say gc.enabled=false, or share their folders with others
  int64_t failed = 0;    // couldn't be looked at; logged
  int64_t listed = 0;    // objects in their folders
  int64_t unneeded = 0;  // of them
  int64_t removed = 0;
};

// Files of tables that lie outside of their folders: whose owner says which of them may go. All
// calls come one after the other.
class OtherFiles {
 public:
  virtual ~OtherFiles() = default;
  // Before a run, while nothing is compacted.
  virtual Result<void> Prepare() = 0;
  // They are removed like files of the table's folder, when no snapshot of it needs them.
  virtual Result<std::vector<objects::ObjectRef>> ObjectsOf(const LoadedTable& table) = 0;
};

// All that a table's metadata leads to: metadata files in its log, manifest lists, manifests, data
// and delete files of all its snapshots, statistics; as URIs. kCorrupt naming a file.
Result<std::unordered_set<std::string>> ReachableFiles(objects::Store& store,
                                                       const LoadedTable& table);

// Looks into the folders for data and metadata below a table's location; whatever lies elsewhere,
// and what belongs to another table, isn't touched. Tables that were dropped have no row, and so
// nobody looks into their folders. A death at any moment leaves only what the next run finds again.
// One run at a time.
class Remover {
 public:
  // All references must outlive it. Runs end with kCancelled when `stop` becomes true.
  Remover(Catalog& catalog, objects::Store& store, meta::Database& database, Clock& clock,
          const RemovalOptions& options, const std::atomic<bool>& stop)
      : catalog_(catalog),
        store_(store),
        database_(database),
        clock_(clock),
        options_(options),
        stop_(stop) {}

  // `outside`: null, where there are none.
  Result<RemovalReport> Run(OtherFiles* outside = nullptr);

 private:
  struct Folder;
  struct Note;

  using Objects = std::map<std::pair<std::string, std::string>, int64_t>;  // to the generation

  Result<std::vector<Folder>> FoldersOf(const std::vector<ListedTable>& tables);
  static std::vector<Folder> OwnOf(size_t table, const std::vector<Folder>& folders);
  Result<Objects> List(const std::vector<Folder>& own, const std::vector<Folder>& others);
  Result<void> LookAt(const ListedTable& listed, const std::vector<Folder>& own,
                      const std::vector<Folder>& others, OtherFiles* outside,
                      RemovalReport& report);
  Result<std::vector<Note>> TakeNotes(const std::string& uuid, Objects unneeded);
  Result<void> Forget(const std::string& uuid, std::span<const Note> notes);
  Result<void> Remove(const std::string& uuid, const std::vector<Note>& due, RemovalReport& report);

  Catalog& catalog_;
  objects::Store& store_;
  meta::Database& database_;
  Clock& clock_;
  const RemovalOptions options_;
  const std::atomic<bool>& stop_;
};

}  // namespace caudal::lake
