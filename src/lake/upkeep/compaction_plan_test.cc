#include "lake/upkeep/compaction_plan.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "lake/format/new_table.h"

namespace caudal::lake {
namespace {

class CompactionPlanTest : public testing::Test {
 protected:
  CompactionPlanTest() { MakeTable({1}); }
  void MakeTable(const std::vector<int32_t>& key) {
    NewTable table;
    table.uuid = "f79c3e09-677c-4bbd-a479-3f349cb785e7";
    table.location = "gs://lake/t";
    table.schema = Schema::Make(0, {Field{1, "id", Type(TypeKind::kLong), true}}, key).value();
    metadata_ = MakeTableMetadata(table, 1).value();
  }
  void Add(int64_t bytes, FileContent content = FileContent::kData, int32_t spec = 0) {
    auto file = std::make_shared<LiveFile>();
    file->file.content = content;
    file->file.path = "f" + std::to_string(++number_);
    file->file.record_count = std::max<int64_t>(bytes / 100, 1);
    file->file.file_size_bytes = bytes;
    file->spec_id = spec;
    file->sequence_number = file->file_sequence_number = number_;
    files_.push_back(std::move(file));
  }
  SnapshotFiles Files() const {
    auto manifest = std::make_shared<LiveManifest>();
    manifest->files = files_;
    return {{manifest}};
  }
  CompactionPlan Plan() const { return PlanCompaction(metadata_, Files(), {}, policy_); }

  TableMetadata metadata_;
  CompactionPolicy policy_;
  std::vector<SharedFile> files_;
  int64_t number_ = 0;
};

TEST_F(CompactionPlanTest, WaitsForEnoughFilesOfASizeAndPartition) {
  for (int i = 0; i < 31; ++i) Add(1000);
  Add(200'000);
  EXPECT_TRUE(Plan().empty());
  EXPECT_FALSE(MayNeedCompaction(metadata_, Files(), policy_));
  Add(1000, FileContent::kData, 1);
  EXPECT_TRUE(Plan().empty());
  Add(1000);
  EXPECT_TRUE(MayNeedCompaction(metadata_, Files(), policy_));
  const CompactionPlan plan = Plan();
  ASSERT_EQ(plan.groups.size(), 1u);
  ASSERT_EQ(plan.groups[0].files.size(), 32u);
  EXPECT_EQ(plan.groups[0].files[0].data->sequence_number, 1);
  // Larger ones take the smaller ones along, not those that are large enough.
  for (int i = 0; i < 31; ++i) Add(200'000);
  Add(100 << 20);
  EXPECT_EQ(Plan().groups.at(0).files.size(), 64u);
}

TEST_F(CompactionPlanTest, TakesAllThatIsAskedFor) {
  Add(1000);
  Add(120 << 20);
  policy_.everything = true;
  EXPECT_TRUE(Plan().empty());
  Add(1000);
  EXPECT_EQ(Plan().groups.at(0).files.size(), 2u);
  // A large file only of another partition spec, or of what came later: not.
  Add(120 << 20, FileContent::kData, 1);
  EXPECT_EQ(Plan().groups.size(), 2u);
  policy_.sequence_number_max = 3;
  EXPECT_EQ(Plan().groups.size(), 1u);
}

TEST_F(CompactionPlanTest, MergesALogWithWhatLiesBetween) {
  MakeTable({});
  Add(200'000);
  for (int i = 0; i < 20; ++i) Add(1000);
  Add(200'000);
  Add(1000);
  Add(120 << 20);  // large enough: it stays, and nothing is merged across it
  for (int i = 0; i < 11; ++i) Add(1000);
  Add(200'000);
  const CompactionPlan plan = Plan();
  ASSERT_EQ(plan.groups.size(), 2u);
  const auto numbers = [&](size_t group) {
    EXPECT_TRUE(plan.groups[group].in_sequence);
    const std::vector<ScanFile>& files = plan.groups[group].files;
    EXPECT_TRUE(std::ranges::is_sorted(
        files, {}, [](const ScanFile& scan) { return scan.data->sequence_number; }));
    return std::tuple(files.front().data->sequence_number, files.back().data->sequence_number,
                      files.size());
  };
  EXPECT_EQ(numbers(0), std::tuple(2, 23, 22u));
  EXPECT_EQ(numbers(1), std::tuple(25, 35, 11u));
  // With deletes there is no telling.
  Add(1000, FileContent::kPositionDeletes);
  EXPECT_FALSE(Plan().groups.at(0).in_sequence);
  EXPECT_EQ(Plan().groups.at(0).files.size(), 32u);
}

TEST_F(CompactionPlanTest, BoundsFilesAndWhatIsRewritten) {
  int64_t written = 0;
  int64_t rewritten = 0;
  size_t most = 0;
  for (int commit = 0; commit < 50'000; ++commit) {
    Add(10'000);
    written += 10'000;
    most = std::max(most, files_.size());
    if (commit % 16 != 0) continue;
    for (const CompactionGroup& group : Plan().groups) {
      int64_t bytes = 0;
      std::set<std::string> gone;
      for (const ScanFile& scan : group.files) {
        bytes += scan.data->file.file_size_bytes;
        gone.insert(scan.data->file.path);
      }
      std::erase_if(files_, [&](const SharedFile& file) { return gone.contains(file->file.path); });
      Add(bytes);
      rewritten += bytes;
    }
  }
  EXPECT_LT(most, 150u);
  EXPECT_LT(rewritten, written * 6);
}

}  // namespace
}  // namespace caudal::lake
