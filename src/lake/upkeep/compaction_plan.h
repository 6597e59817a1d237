// Which files of a table are worth rewriting.
#pragma once

#include <cstdint>
#include <vector>

#include "lake/files/snapshot_files.h"
#include "lake/format/table_metadata.h"
#include "lake/upkeep/deleted_rows.h"

namespace caudal::lake {

// Files below three quarters of the target are small. They are in tiers, each `tier_factor` times
// as large as the one below: when there are enough files of a tier in a partition, they are merged
// with those of the tiers below. So a row is rewritten once a tier.
struct CompactionPolicy {
  uint64_t target_bytes = 128u << 20;
  uint64_t tier_factor = 16;
  size_t files_min = 32;           // of one tier and partition: data files; files of deletes
  size_t files_few = 4;            // likewise, when the table has more than `small_max` of a kind
  size_t small_max = 128;          // small files of one kind
  double deleted_share = 0.2;      // of a data file's rows: it is rewritten
  double settled_share = 0.005;    // likewise, of a table that has come to rest
  size_t equality_files_max = 16;  // more such deletes: what they hit is rewritten
  uint64_t group_bytes = 512u << 20;   // that are rewritten as one
  uint64_t round_bytes = 1024u << 20;  // of all groups of a plan but the first
  size_t round_groups = 256;
  // All that can be merged, has deletes or an older partition spec, of files up to this sequence
  // number.
  bool everything = false;
  int64_t sequence_number_max = INT64_MAX;
};

// Data files of one partition, or of one older partition spec, that become as few as may be.
struct CompactionGroup {
  std::vector<ScanFile> files;  // in the order of their sequence numbers
  bool current_spec = true;     // all of them are of the table's present partition spec
  // They lie side by side among all files of the partition: rows keep the order in which they came,
  // when the new files keep their place there.
  bool in_sequence = false;
};

struct CompactionPlan {
  std::vector<CompactionGroup> groups;
  std::vector<SharedFile> deletes;  // files of position deletes that are merged
  bool empty() const { return groups.empty() && deletes.empty(); }
};

// Pure. `deleted` is of the same state. A table without key and without deletes is a log: its files
// are merged with those that lie between, or not at all.
CompactionPlan PlanCompaction(const TableMetadata& metadata, const SnapshotFiles& files,
                              const DeletedRows& deleted, const CompactionPolicy& policy);

// Whether a plan could have anything in it, by what the manifests say: cheap.
bool MayNeedCompaction(const TableMetadata& metadata, const SnapshotFiles& files,
                       const CompactionPolicy& policy);

}  // namespace caudal::lake
