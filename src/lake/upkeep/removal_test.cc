#include "lake/upkeep/removal.h"

#include <gmock/gmock.h>

#include "lake/upkeep/compaction.h"
#include "lake/write/writer_fixture.h"

namespace caudal::lake {
namespace {

using namespace std::chrono_literals;

class RemovalTest : public WriterFixture {
 protected:
  RemovalReport Run() {
    return Remover(*catalog_, *store_, *database_, clock_, {}, stop_).Run().value();
  }
  void Compact(const std::string& name) {
    ASSERT_TRUE(Compactor(*writer_, {}, stop_).RunAll(Name(name)).ok());
  }
  void PutAt(const std::string& uri) {
    ASSERT_TRUE(store_->PublishAll(One(PublishBytes(uri, "x").value())).ok());
  }
  static std::vector<objects::FileToPublish> One(objects::FileToPublish file) {
    std::vector<objects::FileToPublish> files;
    files.push_back(std::move(file));
    return files;
  }
  size_t Objects(const std::string& prefix = "") {
    objects::ListQuery query;
    query.bucket = "lake";
    query.prefix = prefix;
    return store_->List(query).value().items.size();
  }
  std::string LocationOf(const std::string& name) {
    return catalog_->Load(Name(name)).value().metadata->location;
  }
  void SetProperty(const std::string& name, const std::string& key, const std::string& value) {
    const TableChange change{
        Name(name), Json::array(),
        Json::array({{{"action", "set-properties"}, {"updates", {{key, value}}}}})};
    ASSERT_TRUE(catalog_->Commit({change}).ok());
  }

  std::atomic<bool> stop_ = false;
};

TEST_F(RemovalTest, RemovesWhatSnapshotsLeftBehindAfterAWhile) {
  Make("t");
  for (int64_t i = 0; i < 20; ++i) ASSERT_TRUE(Upsert("t", {{i % 5, std::to_string(i)}}).ok());
  Compact("t");
  const Rows rows = Read("t");
  const std::string orphan = LocationOf("t") + "/data/orphan.parquet";
  PutAt(orphan);
  // All snapshots are young: only the orphan isn't needed.
  RemovalReport report = Run();
  EXPECT_EQ(report.unneeded, 1);
  EXPECT_EQ(report.removed, 0);
  // Snapshots go with the next commits.
  clock_.Advance(200h);
  ASSERT_TRUE(Upsert("t", {{1, "last"}}).ok());
  const size_t before = Objects();
  report = Run();
  EXPECT_GT(report.unneeded, 20);
  EXPECT_EQ(report.removed, 1);
  clock_.Advance(23h);
  EXPECT_EQ(Run().removed, 0);
  clock_.Advance(2h);
  report = Run();
  EXPECT_GT(report.removed, 20);
  EXPECT_LT(Objects(), before - 20);
  EXPECT_EQ(Run().unneeded, 0);
  EXPECT_EQ(Read("t").size(), rows.size());
  // What is left can be read, all of it.
  const LoadedTable table = catalog_->Load(Name("t")).value();
  for (const Snapshot& snapshot : table.metadata->snapshots)
    EXPECT_EQ(ReadSnapshot(*table.metadata, snapshot).size(), 5u);
}

// Files that lie outside of the table's location are others': landed changes, say.
TEST_F(RemovalTest, LeavesObjectsThatOthersMade) {
  ASSERT_TRUE(store_->CreateBucket("landing", {}).ok());
  Make("t");
  std::vector<std::string> landed;
  for (int64_t i = 0; i < 6; ++i) {
    landed.push_back("gs://landing/shop/" + std::to_string(i) + ".parquet");
    const DataFile file = Land(landed.back(), {{i, "a"}});
    ASSERT_TRUE(Change("t", [&](WriteTransaction& tx, const TableName& table) {
                  return tx.AddFile(table, file);
                }).ok());
  }
  const auto all_there = [&] {
    return std::ranges::all_of(landed, [&](const auto& uri) { return Exists(uri); });
  };
  Compact("t");  // the table is in files of its own now
  EXPECT_EQ(FilesOf("t")->Files(FileContent::kData).size(), 1u);
  Run();
  clock_.Advance(200h);
  ASSERT_TRUE(Upsert("t", {{1, "last"}}).ok());  // snapshots with the landed files go
  EXPECT_EQ(catalog_->Load(Name("t")).value().metadata->snapshots.size(), 1u);
  Run();
  clock_.Advance(200h);
  EXPECT_GT(Run().removed, 0);
  EXPECT_TRUE(all_there());
  EXPECT_EQ(Read("t").size(), 6u);

  const DataFile again = Land("gs://landing/shop/again.parquet", {{77, "b"}});
  landed.push_back(again.path);
  ASSERT_TRUE(Change("t", [&](WriteTransaction& tx, const TableName& table) {
                return tx.AddFile(table, again);
              }).ok());
  const std::string data = PlaceOf(LocationOf("t")).value().name + "/data/";
  EXPECT_GT(Objects(data), 0u);
  ASSERT_TRUE(catalog_->Drop(Name("t"), true).ok());
  EXPECT_EQ(Objects(data), 0u);
  EXPECT_TRUE(all_there());
}

TEST_F(RemovalTest, RemovesOldMetadataFilesSooner) {
  Make("t");
  SetProperty("t", "write.metadata.previous-versions-max", "2");
  for (int64_t i = 0; i < 10; ++i) ASSERT_TRUE(Append("t", {{i, "a"}}).ok());
  EXPECT_GT(Run().unneeded, 5);
  clock_.Advance(11min);
  EXPECT_GT(Run().removed, 5);
  EXPECT_EQ(Read("t").size(), 10u);
}

TEST_F(RemovalTest, KeepsWhatIsNeededAgain) {
  Make("t");
  ASSERT_TRUE(Append("t", {{1, "a"}}).ok());
  const LoadedTable table = catalog_->Load(Name("t")).value();
  const std::string uri = table.metadata->location + "/data/late.parquet";
  PutAt(uri);
  EXPECT_EQ(Run().unneeded, 1);
  clock_.Advance(25h);
  // A commit that was long on its way.
  const Snapshot* parent = table.metadata->current_snapshot();
  FileChanges changes;
  changes.operation = "append";
  changes.added.push_back({FilesOf("t")->Files(FileContent::kData)[0]->file, 0});
  changes.added[0].file.path = uri;
  NewSnapshot made = MakeSnapshot(*table.metadata, parent, FilesOf("t"), changes, {},
                                  clock_.Now() / 1000, SystemRandom())
                         .value();
  std::vector<PreparedCommit> commits(1);
  commits[0] = {table, writer_->WithSnapshot(table, made.snapshot).value(),
                std::move(made.publish)};
  ASSERT_TRUE(catalog_->Publish(std::move(commits)).ok());
  EXPECT_EQ(Run().removed, 0);
  EXPECT_EQ(Objects(uri.substr(10)), 1u);
}

TEST_F(RemovalTest, KeepsOutOfOtherTables) {
  NewTable outer;
  outer.schema = Columns();
  outer.location = "gs://lake/x";
  Make("outer", outer);
  NewTable inner;
  inner.schema = Columns();
  inner.location = "gs://lake/x/data/inner";
  Make("inner", inner);
  Make("dropped");
  ASSERT_TRUE(Append("dropped", {{1, "a"}}).ok());
  const std::string dropped = LocationOf("dropped");
  ASSERT_TRUE(Append("outer", {{1, "a"}}).ok());
  ASSERT_TRUE(Append("inner", {{1, "a"}}).ok());
  Make("uncollected");
  ASSERT_TRUE(Append("uncollected", {{1, "a"}}).ok());
  SetProperty("uncollected", "gc.enabled", "false");
  PutAt(LocationOf("uncollected") + "/data/stranger");
  PutAt("gs://lake/x/data/inner/stranger");
  PutAt("gs://lake/x/stranger");
  PutAt("gs://lake/x/data/orphan");
  const LoadedTable loaded = catalog_->Load(Name("dropped")).value();
  ASSERT_TRUE(catalog_->Drop(Name("dropped")).ok());
  ASSERT_TRUE(Run().removed == 0);
  clock_.Advance(25h);
  const RemovalReport report = Run();
  EXPECT_EQ(report.removed, 1);
  // The one of the properties, and the one inside the other's data.
  EXPECT_EQ(report.skipped, 2);
  EXPECT_EQ(Read("inner").size(), 1u);
  EXPECT_EQ(Objects("x/data/orphan"), 0u);
  EXPECT_EQ(Objects("x/stranger"), 1u);
  ASSERT_TRUE(catalog_->Register(Name("dropped"), loaded.metadata_location, false).ok());
  EXPECT_EQ(Read("dropped").size(), 1u);
  // Twice the same table: neither is touched.
  ASSERT_TRUE(catalog_->Register(Name("twin"), loaded.metadata_location, false).ok());
  EXPECT_EQ(Run().skipped, 4);
}

#if defined(CAUDAL_FAILPOINTS)
TEST_F(RemovalTest, AFailureLeavesTheRestForTheNextRun) {
  Make("t");
  ASSERT_TRUE(Append("t", {{1, "a"}}).ok());
  for (int i = 0; i < 3; ++i) PutAt(LocationOf("t") + "/data/orphan" + std::to_string(i));
  EXPECT_EQ(Run().unneeded, 3);
  clock_.Advance(25h);
  for (const char* step : {"lake.remove.batch", "objects.delete_all.one", "lake.remove.noted"}) {
    ASSERT_TRUE(ArmFailpoints(std::string(step) + "=error").ok());
    EXPECT_EQ(Run().failed, 1) << step;
    DisarmFailpoints();
  }
  Run();
  EXPECT_EQ(Run().unneeded, 0);
  EXPECT_EQ(Read("t").size(), 1u);
}
#endif

}  // namespace
}  // namespace caudal::lake
