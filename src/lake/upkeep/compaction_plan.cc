#include "lake/upkeep/compaction_plan.h"

#include <algorithm>
#include <array>
#include <map>
#include <string>
#include <unordered_set>
#include <utility>

#include "lake/upkeep/equality_deletes.h"
#include "lake/write/data_files.h"

namespace caudal::lake {
namespace {

constexpr size_t kTiers = 4;  // of small files
using Counts = std::array<size_t, kTiers>;

class Tiers {
 public:
  Tiers(uint64_t target, uint64_t factor) : small_(target / 4 * 3) {
    uint64_t limit = target;
    for (size_t tier = kTiers - 1; tier > 0; --tier) limits_[tier - 1] = limit /= factor;
    limits_[kTiers - 1] = small_;
  }
  // kTiers: not small.
  size_t Of(const LiveFile& file) const {
    const auto bytes = static_cast<uint64_t>(file.file.file_size_bytes);
    size_t tier = 0;
    while (tier < kTiers && bytes >= limits_[tier]) ++tier;
    return tier;
  }

 private:
  uint64_t small_;
  std::array<uint64_t, kTiers> limits_{};
};

// The highest tier that has enough files, and all below it; 0: none. One more than its number.
size_t TiersToMerge(const Counts& counts, size_t enough) {
  for (size_t tier = kTiers; tier > 0; --tier)
    if (counts[tier - 1] >= enough) return tier;
  return 0;
}

// With many small files in all, fewer in one partition are enough.
size_t Enough(size_t small, const CompactionPolicy& policy) {
  return small > policy.small_max ? std::min(policy.files_few, policy.files_min) : policy.files_min;
}

bool Readable(const DataFile& file) { return file.format == "PARQUET" || file.format == "parquet"; }

class Planner {
 public:
  Planner(const TableMetadata& metadata, const SnapshotFiles& files, const DeletedRows& deleted,
          const CompactionPolicy& policy)
      : metadata_(metadata),
        files_(files),
        deleted_(deleted),
        policy_(policy),
        tiers_(TargetBytesOf(metadata, policy.target_bytes), policy.tier_factor) {}

  CompactionPlan Plan() {
    equality_ = files_.Files(FileContent::kEqualityDeletes).size();
    log_ = equality_ == 0 && files_.Files(FileContent::kPositionDeletes).empty() &&
           metadata_.schema().identifier_field_ids().empty();
    for (ScanFile& scan : PlanScan(files_, metadata_)) Sort(std::move(scan));
    const size_t enough = policy_.everything ? 2 : Enough(small_, policy_);
    for (auto& [partition, part] : parts_) Group(part, enough);
    PlanDeletes();
    return std::move(plan_);
  }

 private:
  struct Part {
    std::vector<ScanFile> must;
    std::vector<ScanFile> small;
    Counts counts{};
  };

  bool Must(const ScanFile& scan) const {
    const LiveFile& data = *scan.data;
    if (policy_.everything &&
        (data.spec_id != metadata_.default_spec_id || !scan.equality_deletes.empty()))
      return true;
    if (equality_ > policy_.equality_files_max && !scan.equality_deletes.empty()) return true;
    const auto gone = static_cast<double>(deleted_.CountOf(data.file.path));
    if (gone == 0) return false;
    const auto rows = static_cast<double>(data.file.record_count);
    // Files of the lowest tier are soon merged anyhow.
    return policy_.everything || gone >= rows ||
           (gone >= policy_.deleted_share * rows && tiers_.Of(data) > 0);
  }

  void Sort(ScanFile scan) {
    const LiveFile& data = *scan.data;
    if (!Readable(data.file) || data.file_sequence_number > policy_.sequence_number_max) return;
    const size_t tier = tiers_.Of(data);
    if (tier < kTiers) ++small_;
    const bool must = Must(scan);
    if (!must && tier == kTiers && !log_) return;
    // What is of another spec is split anew anyhow.
    const bool current = data.spec_id == metadata_.default_spec_id;
    Part& part = parts_[current ? PartitionText(data) : std::to_string(data.spec_id)];
    if (tier < kTiers) ++part.counts[tier];
    (must ? part.must : part.small).push_back(std::move(scan));
  }

  static void InSequence(std::vector<ScanFile>& files) {
    std::ranges::sort(files, {}, [](const ScanFile& scan) {
      return std::pair(scan.data->sequence_number, std::string_view(scan.data->file.path));
    });
  }

  void Group(Part& part, size_t enough) {
    const size_t tiers = policy_.everything ? kTiers : TiersToMerge(part.counts, enough);
    if (log_ && part.must.empty()) return GroupRuns(part, tiers);
    std::vector<ScanFile> chosen = std::move(part.must);
    const size_t size = chosen.size();
    for (ScanFile& scan : part.small)
      if (tiers_.Of(*scan.data) < tiers) chosen.push_back(std::move(scan));
    if (chosen.empty() || (chosen.size() == 1 && size == 0)) return;
    InSequence(chosen);
    Split(std::move(chosen), false);
  }

  // Between files that are large enough: from the first that is to be merged to the last.
  void GroupRuns(Part& part, size_t tiers) {
    InSequence(part.small);
    size_t begin = 0;   // of the run
    size_t merged = 0;  // its end: behind the last that is to be merged
    for (size_t i = 0; i < part.small.size(); ++i) {
      const size_t tier = tiers_.Of(*part.small[i].data);
      if (tier == kTiers) {
        SplitRun(part.small, begin, merged);
        begin = merged = i + 1;
      } else if (tier < tiers) {
        merged = i + 1;
      } else if (merged <= begin) {
        begin = merged = i + 1;
      }
    }
    SplitRun(part.small, begin, merged);
  }

  // Only all files of a commit or none: those that are merged have the place of its sequence
  // number, and among files of the same number nothing tells which came first.
  void SplitRun(std::vector<ScanFile>& all, size_t begin, size_t end) {
    while (begin < end && begin > 0 && SameCommit(all[begin - 1], all[begin])) ++begin;
    while (begin < end && end < all.size() && SameCommit(all[end - 1], all[end])) --end;
    if (end <= begin + 1) return;
    const auto at = all.begin() + static_cast<ptrdiff_t>(begin);
    // Not moved: later runs look at their neighbours.
    Split({at, at + static_cast<ptrdiff_t>(end - begin)}, true);
  }

  static bool SameCommit(const ScanFile& a, const ScanFile& b) {
    return a.data->sequence_number == b.data->sequence_number;
  }

  void Split(std::vector<ScanFile> chosen, bool in_sequence) {
    CompactionGroup group;
    group.in_sequence = in_sequence;
    uint64_t bytes = 0;
    for (ScanFile& scan : chosen) {
      const auto more = static_cast<uint64_t>(scan.data->file.file_size_bytes);
      const bool may_end =
          !group.files.empty() && !(in_sequence && SameCommit(group.files.back(), scan));
      if (may_end && bytes + more > policy_.group_bytes) {
        Add(std::move(group), bytes);
        group = {};
        group.in_sequence = in_sequence;
        bytes = 0;
      }
      bytes += more;
      group.current_spec = scan.data->spec_id == metadata_.default_spec_id;
      group.files.push_back(std::move(scan));
    }
    Add(std::move(group), bytes);
  }

  void Add(CompactionGroup group, uint64_t bytes) {
    // What is left over when the others are full isn't worth it alone.
    if (group.files.size() == 1 && !Must(group.files[0])) return;
    const size_t groups = plan_.groups.size();
    if (groups >= policy_.round_groups) return;
    if (groups > 0 && bytes_ + bytes > policy_.round_bytes) return;
    bytes_ += bytes;
    for (const ScanFile& scan : group.files) rewritten_.insert(scan.data->file.path);
    plan_.groups.push_back(std::move(group));
  }

  // Of the deletes that hit files which stay.
  void PlanDeletes() {
    struct Deletes {
      std::vector<SharedFile> files;
      Counts counts{};
    };
    std::map<std::string, Deletes> parts;
    size_t small = 0;
    for (const SharedFile& file : files_.Files(FileContent::kPositionDeletes)) {
      const std::vector<std::string>& hit = deleted_.HitBy(file->file.path);
      const size_t tier = tiers_.Of(*file);
      const bool stays = std::ranges::any_of(
          hit, [&](const std::string& path) { return !rewritten_.contains(path); });
      if (!stays || tier == kTiers || !Readable(file->file)) continue;
      Deletes& part = parts[PartitionText(*file)];
      ++part.counts[tier];
      ++small;
      part.files.push_back(file);
    }
    for (const auto& [partition, part] : parts) {
      const size_t tiers = TiersToMerge(part.counts, Enough(small, policy_));
      for (const SharedFile& file : part.files)
        if (tiers_.Of(*file) < tiers) plan_.deletes.push_back(file);
    }
  }

  const TableMetadata& metadata_;
  const SnapshotFiles& files_;
  const DeletedRows& deleted_;
  const CompactionPolicy& policy_;
  const Tiers tiers_;
  size_t equality_ = 0;
  bool log_ = false;
  size_t small_ = 0;
  std::map<std::string, Part> parts_;
  CompactionPlan plan_;
  uint64_t bytes_ = 0;
  std::unordered_set<std::string> rewritten_;
};

}  // namespace

CompactionPlan PlanCompaction(const TableMetadata& metadata, const SnapshotFiles& files,
                              const DeletedRows& deleted, const CompactionPolicy& policy) {
  return Planner(metadata, files, deleted, policy).Plan();
}

bool MayNeedCompaction(const TableMetadata& metadata, const SnapshotFiles& files,
                       const CompactionPolicy& policy) {
  const Tiers tiers(TargetBytesOf(metadata, policy.target_bytes), policy.tier_factor);
  struct Kinds {
    Counts data{};
    Counts deletes{};
  };
  std::map<std::string, Kinds> parts;
  size_t equality = 0;
  size_t small_data = 0;
  size_t small_deletes = 0;
  int64_t deleted = 0;
  int64_t smallest = INT64_MAX;  // of the data files that deletes alone can make worth it
  for (const SharedManifest& manifest : files.manifests)
    for (const SharedFile& file : manifest->files) {
      const FileContent content = file->file.content;
      if (content == FileContent::kEqualityDeletes) ++equality;
      if (content == FileContent::kPositionDeletes) deleted += file->file.record_count;
      const size_t tier = tiers.Of(*file);
      if (content == FileContent::kData && tier > 0)
        smallest = std::min(smallest, file->file.record_count);
      if (tier == kTiers || content == FileContent::kEqualityDeletes) continue;
      const bool data = content == FileContent::kData;
      ++(data ? small_data : small_deletes);
      Kinds& kinds = parts[PartitionText(*file)];
      ++(data ? kinds.data : kinds.deletes)[tier];
    }
  if (equality > policy.equality_files_max) return true;
  if (smallest != INT64_MAX &&
      static_cast<double>(deleted) >= policy.deleted_share * static_cast<double>(smallest))
    return true;
  return std::ranges::any_of(parts, [&](const auto& part) {
    return TiersToMerge(part.second.data, Enough(small_data, policy)) > 0 ||
           TiersToMerge(part.second.deletes, Enough(small_deletes, policy)) > 0;
  });
}

}  // namespace caudal::lake
