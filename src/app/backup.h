// Backup of a data folder, while its server runs, and restore into a new one.
//
// A backup is consistent: the metadata as of one commit, and every file it refers to. Into the same
// folder again it is incremental: files are written once and never change, so those already there
// are kept. A backup that is cut short leaves the one before whole. Bytes are always copied, never
// linked: damage to one side doesn't reach the other.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "app/copy_file.h"
#include "app/data_folder.h"
#include "base/clock.h"
#include "base/random.h"
#include "base/result.h"
#include "meta/database.h"
#include "objects/store.h"

namespace caudal::app {

struct BackupSource {
  DataPaths paths;
  meta::Database& database;
  // Holds the files back while they are copied; called once, before the metadata is copied.
  std::function<objects::ReadGuard()> guard;
  Clock& clock;
  Random& random;
};

struct BackupReport {
  uint64_t files = 0;
  uint64_t bytes = 0;
  uint64_t files_copied = 0;  // the rest was there from a backup before
  uint64_t bytes_copied = 0;
};

// kInvalid: `target` isn't empty and isn't a backup, or lies in the data folder; kConflict: another
// backup into it is running.
Result<BackupReport> Backup(const BackupSource& source, const std::string& target,
                            const Cancelled& cancelled);

// Into `folder`, which must be absent or empty. Every byte is checked against the backup's
// checksums. The folder is usable only once complete: its FORMAT is written last.
Result<BackupReport> Restore(const std::string& backup, const std::string& folder,
                             const Cancelled& cancelled);

}  // namespace caudal::app
