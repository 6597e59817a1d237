#include "objects/journal.h"

#include <set>
#include <string>
#include <vector>

#include "base/failpoint.h"
#include "base/log.h"

namespace caudal::objects {
namespace {

constexpr int64_t kTrimMax = 4096;
// Up to so many files are synced one by one; more by one sync of the file system, which is cheaper
// than their sum.
constexpr size_t kSyncOneByOneMax = 16;

struct Entry {
  int64_t blob = 0;
  uint64_t size = 0;
};

Result<std::vector<Entry>> ReadEntries(Core& core) {
  meta::ReadTx read = TRY(core.database.Read());
  meta::Statement rows =
      TRY(read.Prepare("SELECT blob, length(bytes) FROM journal ORDER BY blob LIMIT ?"));
  rows.Bind(1, kTrimMax);
  std::vector<Entry> entries;
  while (TRY(rows.Step())) entries.push_back({rows.Int(0), static_cast<uint64_t>(rows.Int(1))});
  return entries;
}

// Makes the files and their names durable. A file that is gone was deleted meanwhile.
void SyncFiles(Core& core, const std::vector<Entry>& entries) {
  if (entries.size() > kSyncOneByOneMax) {
    os::SyncFileSystem(core.blobs.folder());
    return;
  }
  std::set<std::string> dirs;
  for (const Entry& entry : entries) {
    Result<os::File> file = os::File::Open(core.blobs.PathOf(entry.blob), os::File::Mode::kRead);
    if (!file.ok()) continue;
    file->Sync("journal.file");
    dirs.insert(core.blobs.DirOf(entry.blob));
  }
  // On ext4 the sync of a new file stores its name too; POSIX doesn't promise that.
  for (const std::string& dir : dirs) os::SyncDir(dir);
}

Result<void> Forget(Core& core, const std::vector<Entry>& entries) {
  TRY(core.database.Write([&](meta::Tx& tx) -> Result<void> {
    for (const Entry& entry : entries)
      TRY(tx.Run("DELETE FROM journal WHERE blob = ?", entry.blob));
    return {};
  }));
  uint64_t bytes = 0;
  for (const Entry& entry : entries) bytes += entry.size;
  // Rows that a delete removed meanwhile were subtracted from nothing: the counter is an upper
  // bound, never below zero.
  uint64_t now = core.journal_bytes.load();
  while (!core.journal_bytes.compare_exchange_weak(now, now > bytes ? now - bytes : 0)) {
  }
  return {};
}

}  // namespace

Result<void> AddToJournal(Core& core, meta::Tx& tx, int64_t blob, std::string_view bytes) {
  TRY(tx.Run("INSERT INTO journal(blob, bytes) VALUES(?, ?)", blob, meta::Blob{bytes}));
  FAILPOINT("objects.journal.added");
  tx.AfterCommit([&core, size = bytes.size()] { core.journal_bytes += size; });
  return {};
}

Result<void> AdmitToJournal(Core& core) {
  const uint64_t limit = core.options()->journal_bytes_max;
  if (core.journal_bytes.load() <= limit) return {};
  return MakeError(ErrorKind::kLimit,
                   "the journal of small objects is full: its files can't be synced fast enough");
}

Result<int64_t> TrimJournal(Core& core) {
  const std::vector<Entry> entries = TRY(ReadEntries(core));
  if (entries.empty()) {
    core.journal_bytes = 0;
    return static_cast<int64_t>(0);
  }
  FAILPOINT("objects.journal.before_sync");
  SyncFiles(core, entries);
  FAILPOINT("objects.journal.after_sync");
  TRY(Forget(core, entries));
  return static_cast<int64_t>(entries.size());
}

Result<void> RecoverJournal(Core& core) {
  int64_t total = 0;
  while (true) {
    std::vector<Entry> entries;
    std::set<std::string> dirs;
    {
      meta::ReadTx read = TRY(core.database.Read());
      meta::Statement rows =
          TRY(read.Prepare("SELECT blob, bytes FROM journal ORDER BY blob LIMIT ?"));
      rows.Bind(1, kTrimMax);
      while (TRY(rows.Step())) {
        const int64_t blob = rows.Int(0);
        const std::string_view bytes = rows.BlobAt(1);
        TRY(os::MakeDirs(core.blobs.DirOf(blob)));
        os::File file = TRY(os::File::Open(core.blobs.PathOf(blob), os::File::Mode::kOpenOrCreate));
        if (TRY(file.Size()) > 0) TRY(file.Truncate(0));
        TRY(file.WriteAt(0, bytes));
        // Where the file was there, ext4 writes it back when it is closed after having been cut to
        // nothing; POSIX doesn't promise that.
        file.Sync("journal.recovered_file");
        entries.push_back({blob, bytes.size()});
        dirs.insert(core.blobs.DirOf(blob));
      }
    }
    if (entries.empty()) break;
    // The names: ext4 stored them with the files, more than POSIX promises.
    for (const std::string& dir : dirs) os::SyncDir(dir);
    FAILPOINT("objects.journal.recovered");
    TRY(Forget(core, entries));
    total += static_cast<int64_t>(entries.size());
  }
  core.journal_bytes = 0;
  if (total > 0) LogInfo("small objects recovered from the journal", {{"objects", total}});
  return {};
}

}  // namespace caudal::objects
