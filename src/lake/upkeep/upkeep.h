// Tables maintained by themselves: compaction soon after they need it, and once more when they come
// to rest; the removal of files that nobody needs. Snapshots expire, and manifests are merged,
// inside commits.
#pragma once

#include <atomic>
#include <chrono>
#include <map>
#include <string>
#include <thread>

#include "base/mutex.h"
#include "base/result.h"
#include "lake/upkeep/compaction.h"
#include "lake/upkeep/removal.h"
#include "lake/write/writer.h"

namespace caudal::lake {

struct UpkeepOptions {
  CompactionPolicy compaction;
  int64_t commits_min = 16;                    // a table is looked at after so many commits,
  std::chrono::milliseconds interval{60'000};  // or so long after a commit, whichever comes first
  std::chrono::milliseconds tick{50};          // some twenty commits, at full speed
  RemovalOptions removal;
  std::chrono::milliseconds removal_interval{600'000};  // or 20 times what a run takes
};

// Thread-safe. One compaction and one removal at a time.
class Upkeep {
 public:
  // All references must outlive it.
  Upkeep(UpkeepOptions options, Writer& writer, meta::Database& database);
  ~Upkeep() { Stop(); }

  // The loops, in threads of their own. Without it, nothing happens by itself.
  void Start();
  // Ends what runs, promptly. Idempotent; later calls give kCancelled.
  void Stop();

  // What is worth it; or `everything`: small files merged whatever their number, all deletes
  // applied. Waits for its turn. Errors: see Compactor.
  Result<CompactionReport> Compact(const TableName& table, bool everything) EXCLUDES(compacting_);
  // Whose files outside of tables' folders are removed, too; null: nobody's. Must live until Stop.
  void SetOtherFiles(OtherFiles* outside) EXCLUDES(removing_);
  // Removes what is due now.
  Result<RemovalReport> Remove() EXCLUDES(removing_);

 private:
  using Time = std::chrono::steady_clock::time_point;
  struct Seen {
    int64_t commits = -1;  // when it was last looked at
    Time looked;
    int64_t settled = -1;  // as `commits`, when it had come to rest
    int failures = 0;
    Time next;  // not before
    std::string error;
    bool listed = false;
  };

  void CompactLoop();
  void RemoveLoop();
  void LookAtTables();
  void LookAt(const ListedTable& table, Seen& seen);
  void Settle(const ListedTable& table, Seen& seen);
  void Failed(const ListedTable& table, Seen& seen, const Error& error);
  // False: it stops.
  bool Sleep(std::chrono::milliseconds time) EXCLUDES(mutex_);

  const UpkeepOptions options_;
  Writer& writer_;
  std::atomic<bool> stop_ = false;
  Compactor compactor_;
  Remover remover_;
  Mutex compacting_;
  Mutex removing_;
  OtherFiles* outside_ GUARDED_BY(removing_) = nullptr;
  Mutex mutex_;
  CondVar wake_;
  std::thread compact_;
  std::thread remove_;
  std::map<std::string, Seen> seen_;  // by UUID; of the thread that compacts
};

}  // namespace caudal::lake
