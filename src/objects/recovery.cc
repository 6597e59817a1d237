#include "objects/recovery.h"

#include <unordered_set>
#include <vector>

#include "base/failpoint.h"
#include "base/log.h"
#include "objects/check.h"
#include "objects/garbage.h"
#include "objects/journal.h"

namespace caudal::objects {
namespace {

Result<void> RemoveOrphans(Core& core, const BlobFiles::Range& range) {
  std::vector<int64_t> files;
  TRY(core.blobs.ForEachFile(range, [&](int64_t blob) -> Result<void> {
    files.push_back(blob);
    return {};
  }));
  if (files.empty()) return {};
  std::unordered_set<int64_t> referenced;
  TRY(ForEachBlob(core.database, [&](int64_t blob, uint64_t) -> Result<void> {
    if (blob >= range.first) referenced.insert(blob);
    return {};
  }));
  int64_t removed = 0;
  for (int64_t blob : files) {
    if (referenced.contains(blob)) continue;
    TRY(os::Remove(core.blobs.PathOf(blob)));
    ++removed;
  }
  FAILPOINT("objects.recovery.orphans_removed");
  if (removed > 0) LogInfo("files of unfinished uploads removed", {{"files", removed}});
  return {};
}

}  // namespace

Result<void> Recover(Core& core) {
  TRY(os::MakeDirs(core.blobs.folder()));
  // ext4 doesn't reuse a removed file's inode for a minute or more, and looks at each such one in
  // turn when it makes a file. A new folder should not lie where the files of another were removed.
  os::SpreadFolders(core.blobs.folder());
  TRY(core.generations.Load(core.database));
  const BlobFiles::Range suspects = TRY(core.blobs.Load());
  TRY(RecoverJournal(core));
  GarbageCollector garbage(core);
  while (TRY(garbage.Step(true)) > 0) {
  }
  TRY(RemoveOrphans(core, suspects));
  // The removals must be durable before the floor says that there is nothing to look for. ext4
  // stores them with the commit of the floor, in order; POSIX doesn't promise that.
  if (suspects.first < suspects.end) os::SyncFileSystem(core.blobs.folder());
  return core.blobs.PersistFloor();
}

}  // namespace caudal::objects
