#include "lake/upkeep/upkeep.h"

#include <gmock/gmock.h>

#include <numeric>
#include <thread>

#include "lake/catalog/read_object.h"
#include "lake/write/writer_fixture.h"

namespace caudal::lake {
namespace {

using namespace std::chrono_literals;

class UpkeepTest : public WriterFixture {
 protected:
  size_t LiveFiles(const std::string& name) {
    size_t files = 0;
    for (const SharedManifest& manifest : FilesOf(name)->manifests) files += manifest->files.size();
    return files;
  }
  bool Eventually(const std::function<bool()>& holds) {
    for (int i = 0; i < 600; ++i) {
      if (holds()) return true;
      std::this_thread::sleep_for(50ms);
    }
    return false;
  }
};

TEST_F(UpkeepTest, KeepsABusyTableSmall) {
  Make("t");
  UpkeepOptions options;
  options.tick = 20ms;
  Upkeep upkeep(options, *writer_, *database_);
  upkeep.Start();
  Rows expected;
  size_t most = 0;
  for (int64_t i = 0; i < 400; ++i) {
    clock_.Advance(200ms);
    const std::string value = std::to_string(i);
    ASSERT_TRUE(Upsert("t", {{i % 97, value}, {1000 + i, value}}).ok());
    expected.erase(i % 97);
    expected.emplace(i % 97, value);
    expected.emplace(1000 + i, value);
    if (i % 50 == 0) most = std::max(most, LiveFiles("t"));
  }
  ASSERT_TRUE(Eventually([&] { return LiveFiles("t") < 100; }));
  upkeep.Stop();
  EXPECT_LT(most, 300u);  // of the 800 that were written
  EXPECT_EQ(Read("t"), expected);
  const LoadedTable table = catalog_->Load(Name("t")).value();
  EXPECT_LT(ReadTableFile(*store_, table.metadata_location).value().size(), 256u << 10);
  EXPECT_EQ(Upsert("t", {{1000, "x"}}).value().deleted_rows, 1);
}

TEST_F(UpkeepTest, AppliesDeletesOfATableThatHasComeToRest) {
  writer_options_.changes.files.publish_bytes = 0;
  Make("t");
  std::vector<std::pair<int64_t, std::string>> rows;
  for (int64_t i = 0; i < 20'000; ++i) rows.emplace_back(i, std::to_string(i * 7919));
  ASSERT_TRUE(Append("t", rows).ok());
  std::vector<int64_t> gone(200);
  std::iota(gone.begin(), gone.end(), 100);
  ASSERT_TRUE(Delete("t", gone).ok());
  UpkeepOptions options;
  options.tick = 20ms;
  options.interval = 100ms;
  options.compaction.target_bytes = 64 << 10;  // the file is a large one
  Upkeep upkeep(options, *writer_, *database_);
  upkeep.Start();
  EXPECT_TRUE(
      Eventually([&] { return FilesOf("t")->Files(FileContent::kPositionDeletes).empty(); }));
  upkeep.Stop();
  EXPECT_EQ(Read("t").size(), 19'800u);
}

TEST_F(UpkeepTest, CompactsOnRequestAndStops) {
  Make("t");
  for (int64_t i = 0; i < 5; ++i) ASSERT_TRUE(Append("t", {{i, "a"}}).ok());
  Upkeep upkeep({}, *writer_, *database_);
  EXPECT_EQ(upkeep.Compact(Name("t"), false).value().commits, 0);
  EXPECT_EQ(upkeep.Compact(Name("t"), true).value().added_data_files, 1);
  EXPECT_EQ(upkeep.Compact(Name("absent"), true).error().code, "table.not_found");
  EXPECT_EQ(upkeep.Remove().value().tables, 1);
  upkeep.Start();
  upkeep.Stop();
  EXPECT_EQ(upkeep.Compact(Name("t"), true).error().kind, ErrorKind::kCancelled);
}

TEST_F(UpkeepTest, ACommitThatIsRefusedHoldsOursBack) {
  LoadedTable table = Make("t");
  ASSERT_TRUE(Append("t", {{1, "a"}}).ok());
  const TableChange stale{
      Name("t"),
      Json::array(
          {{{"type", "assert-ref-snapshot-id"}, {"ref", "main"}, {"snapshot-id", nullptr}}}),
      Json::array({{{"action", "set-properties"}, {"updates", {{"k", "v"}}}}})};
  EXPECT_EQ(catalog_->Commit({stale}).error().code, "table.commit_failed");
  const auto begin = std::chrono::steady_clock::now();
  ASSERT_TRUE(Append("t", {{2, "b"}}).ok());
  EXPECT_GT(std::chrono::steady_clock::now() - begin, 1s);
}

}  // namespace
}  // namespace caudal::lake
