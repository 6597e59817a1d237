// Compaction: a table's files rewritten into fewer, deletes applied, while others change the table.
//
// Rows are read without anybody waiting. The commit holds the table's turn only to look at what
// came meanwhile: rows that were deleted since become deletes of the new files. Readers see the
// same rows before and after.
#pragma once

#include <atomic>
#include <functional>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/result.h"
#include "lake/upkeep/compaction_plan.h"
#include "lake/upkeep/live_files.h"
#include "lake/upkeep/rewrite.h"
#include "lake/write/writer.h"

namespace caudal::lake {

struct CompactionReport {
  int64_t snapshot_id = 0;  // of the last commit; 0: nothing was worth it
  int64_t commits = 0;
  int64_t removed_data_files = 0;
  int64_t added_data_files = 0;
  int64_t removed_delete_files = 0;
  int64_t added_delete_files = 0;
  int64_t rows = 0;      // written
  int64_t remapped = 0;  // of them, deleted meanwhile
  int64_t given_up = 0;  // groups that others changed too much meanwhile

  void Add(const CompactionReport& other);
};

// Thread-safe; one compaction of a table at a time, or one of them is in vain.
class Compactor {
 public:
  // `writer` must outlive it; `stop` too: runs end with kCancelled when it becomes true.
  Compactor(Writer& writer, CompactionPolicy policy, const std::atomic<bool>& stop)
      : writer_(writer), policy_(policy), stop_(stop) {}

  const CompactionPolicy& policy() const { return policy_; }

  // What is worth it now, in rounds of one commit each, up to `rounds`. kNotFound; kUnsupported for
  // tables of format version 1, and of version 3, whose rows have ids that would be lost; kCorrupt
  // naming a file. What was committed before an error stays.
  Result<CompactionReport> Run(const TableName& table, int rounds = 8);
  // For a table that nobody changes for the moment: reading it becomes as cheap as rewriting two
  // hundred rows for each deleted one allows.
  Result<CompactionReport> RunSettled(const TableName& table, int rounds = 8);
  // All files that the table has now: small ones merged, without deletes, under the present
  // partition spec.
  Result<CompactionReport> RunAll(const TableName& table);
  // Whether Run could find something, by what the manifests say: cheap.
  Result<bool> MayNeed(const TableName& table);

  // For tests: runs between the reading of the rows and the commit.
  void set_before_commit(std::function<void()> hook) { before_commit_ = std::move(hook); }

 private:
  struct Round;

  Result<CompactionReport> RunRounds(const TableName& table, const CompactionPolicy& policy,
                                     int rounds);
  // False when there is nothing to do.
  Result<bool> RunRound(const TableName& table, const CompactionPolicy& policy,
                        CompactionReport& report);
  Result<void> LoadDeletes(Round& round);
  Result<void> RewriteAll(Round& round);
  Result<void> MergeDeletes(Round& round);
  void IndexKeys(Round& round);
  Result<void> Commit(Round& round);
  Result<void> TryCommit(Round& round);
  static bool MergeHolds(const Round& round, const LiveFiles& live);
  void TakeGroups(Round& round, const std::unordered_map<std::string, ScanFile>& live);
  Result<void> Publish(Round& round, const SharedFiles& current);
  void Finish(Round& round, SharedMetadata metadata);
  void Discard(Round& round);

  Writer& writer_;
  const CompactionPolicy policy_;
  const std::atomic<bool>& stop_;
  std::function<void()> before_commit_;
};

}  // namespace caudal::lake
