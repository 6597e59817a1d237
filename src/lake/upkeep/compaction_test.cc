#include "lake/upkeep/compaction.h"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include <random>

#include "lake/format/metadata_builder.h"
#include "lake/write/writer_fixture.h"
#include "lake/written_file.h"

namespace caudal::lake {
namespace {

class CompactionTest : public WriterFixture {
 protected:
  void SetUp() override {
    WriterFixture::SetUp();
    policy_.files_min = 4;
  }
  Compactor Make(std::function<void()> hook = {}) {
    Compactor compactor(*writer_, policy_, stop_);
    compactor.set_before_commit(std::move(hook));
    return compactor;
  }
  using WriterFixture::Make;
  Result<CompactionReport> Compact(const std::string& name, std::function<void()> hook = {}) {
    Compactor compactor(*writer_, policy_, stop_);
    compactor.set_before_commit(std::move(hook));
    return compactor.Run(Name(name));
  }
  Result<CompactionReport> CompactAll(const std::string& name) {
    return Compactor(*writer_, policy_, stop_).RunAll(Name(name));
  }
  size_t DataFiles(const std::string& name) {
    return FilesOf(name)->Files(FileContent::kData).size();
  }
  size_t DeleteFiles(const std::string& name) {
    return FilesOf(name)->Files(FileContent::kPositionDeletes).size() +
           FilesOf(name)->Files(FileContent::kEqualityDeletes).size();
  }
  // A commit of another engine: files as they are given.
  void Publish(const std::string& name, const FileChanges& changes,
               std::vector<objects::FileToPublish> files) {
    const LoadedTable table = catalog_->Load(Name(name)).value();
    const Snapshot* parent = table.metadata->current_snapshot();
    NewSnapshot made = MakeSnapshot(*table.metadata, parent, manifests_->Read(*parent).value(),
                                    changes, {}, clock_.Now() / 1000, SystemRandom())
                           .value();
    std::vector<PreparedCommit> commits(1);
    commits[0] = {table, writer_->WithSnapshot(table, made.snapshot).value(),
                  std::move(made.publish)};
    for (objects::FileToPublish& file : files) commits[0].files.push_back(std::move(file));
    ASSERT_TRUE(catalog_->Publish(std::move(commits)).ok());
  }
  void Evolve(const std::string& name, const std::function<void(MetadataBuilder&)>& change) {
    const LoadedTable table = catalog_->Load(Name(name)).value();
    MetadataBuilder builder(*table.metadata);
    change(builder);
    std::vector<PreparedCommit> commits(1);
    commits[0] = {table, builder.Build(clock_.Now() / 1000).value(), {}};
    ASSERT_TRUE(catalog_->Publish(std::move(commits)).ok());
  }
  // Rows changed at random, in the table and in what it should be.
  void ChangeAtRandom(const std::string& name, Rows& expected) {
    std::vector<std::pair<int64_t, std::string>> rows;
    for (uint64_t i = 0; i < 1 + random() % 8; ++i) {
      const auto id = static_cast<int64_t>(random() % 40);
      rows.emplace_back(id, std::to_string(random() % 1000));
    }
    const bool remove = random() % 3 == 0;
    for (const auto& [id, value] : rows) expected.erase(id);
    if (remove) {
      std::vector<int64_t> ids;
      for (const auto& [id, value] : rows) ids.push_back(id);
      ASSERT_TRUE(Delete(name, ids).ok());
      return;
    }
    for (const auto& [id, value] : rows) {
      expected.erase(id);
      expected.emplace(id, value);
    }
    ASSERT_TRUE(Upsert(name, rows).ok());
  }
  // Changes and compactions in turn, with changes while they run.
  void Torture(const std::string& name, int rounds) {
    Rows expected;
    CompactionReport report;
    for (int round = 0; round < rounds; ++round) {
      clock_.Advance(std::chrono::milliseconds(700));
      for (uint64_t i = 0; i < random() % 8; ++i) ChangeAtRandom(name, expected);
      if (random() % 8 == 0) ReopenLake();
      Compactor compactor(*writer_, policy_, stop_);
      compactor.set_before_commit([&] {
        for (uint64_t i = 0; i < random() % 3; ++i) ChangeAtRandom(name, expected);
      });
      report.Add((random() % 5 == 0 ? compactor.RunAll(Name(name)) : compactor.Run(Name(name), 1))
                     .value());
      ASSERT_EQ(Read(name), expected) << "round " << round;
    }
    EXPECT_GT(report.commits, 5);
    EXPECT_GT(report.remapped, 5);
  }

  CompactionPolicy policy_;
  std::atomic<bool> stop_ = false;
  std::mt19937_64 random{5};
};

// Files of landed changes, which others go on to land while they are merged. Of one commit there
// are several, and names of those that are made may be before theirs or behind them.
class CompactedLog : public CompactionTest, public testing::WithParamInterface<std::string> {};
INSTANTIATE_TEST_SUITE_P(Buckets, CompactedLog, testing::Values("landing", "changes"),
                         [](const auto& info) { return info.param; });

TEST_P(CompactedLog, KeepsItsOrder) {
  ASSERT_TRUE(store_->CreateBucket(GetParam(), {}).ok());
  NewTable shape;
  shape.schema = Schema::Make(0, Columns().fields()).value();
  Make("t", shape);
  policy_.target_bytes = 40'000;
  int64_t next = 0;
  int landed = 0;
  const auto land = [&](int files) {
    ASSERT_TRUE(
        Change("t", [&](WriteTransaction& tx, const TableName& table) -> Result<void> {
          for (int i = 0; i < files; ++i) {
            std::vector<std::pair<int64_t, std::string>> rows;
            const uint64_t count = random() % 6 == 0 ? 1000 : 1 + random() % 50;
            for (uint64_t row = 0; row < count; ++row)
              rows.emplace_back(next++, SystemRandom().Hex(20));
            TRY(tx.AddFile(table,
                           Land(fmt::format("gs://{}/{:08}.parquet", GetParam(), landed++), rows)));
          }
          return {};
        }).ok());
  };
  // In the order of sequence numbers, as whoever reads the manifests has them.
  const auto expect_in_order = [&] {
    ManifestCache cache(*store_, 64u << 20);
    const LoadedTable table = catalog_->Load(Name("t")).value();
    std::vector<SharedFile> files =
        cache.Read(*table.metadata->current_snapshot()).value()->Files(FileContent::kData);
    std::ranges::sort(files, {}, [](const SharedFile& file) {
      return std::pair(file->sequence_number, std::string_view(file->file.path));
    });
    int64_t expected = 0;
    for (const SharedFile& file : files)
      ForEachBatch(file->file, Columns(), [&](const Batch& batch, int64_t) {
        for (int64_t row = 0; row < batch.rows(); ++row)
          ASSERT_EQ(batch.column(0).values<int64_t>()[row], expected++) << file->file.path;
      });
    ASSERT_EQ(expected, next);
  };
  CompactionReport report;
  for (int round = 0; round < 14; ++round) {
    for (uint64_t i = 2 + random() % 4; i > 0; --i)
      land(random() % 3 == 0 ? 1 + static_cast<int>(random() % 5) : 1);
    Compactor compactor(*writer_, policy_, stop_);
    compactor.set_before_commit([&] { land(1); });
    report.Add(
        (round % 5 == 4 ? compactor.RunAll(Name("t")) : compactor.Run(Name("t"), 1)).value());
    expect_in_order();
    if (HasFatalFailure()) return;
  }
  EXPECT_GT(report.commits, 8);
  EXPECT_GT(report.removed_data_files, 40);
  EXPECT_LT(DataFiles("t"), static_cast<size_t>(landed));
}

TEST_F(CompactionTest, MergesSmallFilesAndTheirDeletes) {
  Make("t");
  Rows expected;
  for (int64_t i = 0; i < 10; ++i) {
    const std::string value = std::to_string(i);
    ASSERT_TRUE(Upsert("t", {{i % 3, value}, {100 + i, value}}).ok());
    expected.erase(i % 3);
    expected.emplace(i % 3, value);
    expected.emplace(100 + i, value);
  }
  EXPECT_GT(DataFiles("t"), 5u);
  const CompactionReport report = Compact("t").value();
  EXPECT_EQ(report.commits, 1);
  EXPECT_EQ(report.rows, 13);
  EXPECT_EQ(DataFiles("t"), 1u);
  EXPECT_EQ(DeleteFiles("t"), 0u);
  EXPECT_EQ(Read("t"), expected);
  const LoadedTable table = catalog_->Load(Name("t")).value();
  EXPECT_EQ(table.metadata->current_snapshot()->operation(), "replace");
  // The keys know where the rows are now; with and without memory of it.
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(Upsert("t", {{105, "new"}}).value().deleted_rows, 1);
    expected.erase(105);
    expected.emplace(105, "new");
    EXPECT_EQ(Read("t"), expected);
    ReopenLake();
  }
  EXPECT_EQ(Compact("t").value().commits, 0);
  EXPECT_EQ(CompactAll("t").value().commits, 1);
  EXPECT_EQ(DataFiles("t"), 1u);
  EXPECT_EQ(CompactAll("t").value().commits, 0);
  EXPECT_EQ(Read("t"), expected);
}

TEST_F(CompactionTest, TurnsDeletesOfMeanwhileIntoDeletesOfItsFiles) {
  Make("t");
  for (int64_t i = 0; i < 6; ++i)
    ASSERT_TRUE(Upsert("t", {{i, "old"}, {10 + i, "old"}, {20 + i, "old"}}).ok());
  ASSERT_TRUE(Delete("t", {13}).ok());
  const CompactionReport report = Compact("t", [&] {
                                    ASSERT_TRUE(Upsert("t", {{3, "new"}, {12, "new"}}).ok());
                                    // One of the files is gone with its rows.
                                    ASSERT_TRUE(Delete("t", {0, 10, 20}).ok());
                                  }).value();
  EXPECT_EQ(report.commits, 1);
  EXPECT_EQ(report.remapped, 5);
  Rows expected{{3, "new"}, {12, "new"}};
  for (int64_t i = 1; i < 6; ++i) {
    if (i != 3) expected.emplace(i, "old");
    if (i != 2 && i != 3) expected.emplace(10 + i, "old");
    expected.emplace(20 + i, "old");
  }
  EXPECT_EQ(Read("t"), expected);
  EXPECT_EQ(Upsert("t", {{25, "new"}, {3, "newer"}}).value().deleted_rows, 2);
  EXPECT_EQ(Delete("t", {0, 1}).value().deleted_rows, 1);
}

TEST_F(CompactionTest, GivesUpWhatIsReplacedMeanwhile) {
  Make("t");
  for (int64_t i = 0; i < 6; ++i) ASSERT_TRUE(Append("t", {{i, "old"}}).ok());
  const size_t files = FilesOnDisk();
  const CompactionReport report =
      Compact("t", [&] {
        ASSERT_TRUE(Change("t", [](WriteTransaction& tx, const TableName& table) -> Result<void> {
                      TRY(tx.Replace(table));
                      return tx.Append(table, RowsOf({{9, "z"}}));
                    }).ok());
      }).value();
  EXPECT_EQ(report.commits, 0);
  EXPECT_EQ(report.given_up, 1);
  EXPECT_EQ(Read("t"), (Rows{{9, "z"}}));
  EXPECT_LT(FilesOnDisk(), files + 8);
}

// Another table has the name at the commit: neither of the two is touched.
TEST_F(CompactionTest, GivesUpWhenTheNameIsExchangedMeanwhile) {
  Make("t");
  Make("u");
  for (int64_t i = 0; i < 8; ++i) {
    ASSERT_TRUE(Upsert("t", {{i, "t"}}).ok());
    ASSERT_TRUE(Upsert("u", {{i, "u"}}).ok());
  }
  const Rows of_t = Read("t");
  const Rows of_u = Read("u");
  Compactor compactor(*writer_, policy_, stop_);
  compactor.set_before_commit([&] {
    ASSERT_TRUE(
        database_->Write([&](meta::Tx& tx) { return catalog_->Exchange(tx, Name("t"), Name("u")); })
            .ok());
  });
  const CompactionReport report = compactor.RunAll(Name("t")).value();
  EXPECT_EQ(report.commits, 0);
  EXPECT_GT(report.given_up, 0);
  EXPECT_EQ(Read("t"), of_u);
  EXPECT_EQ(Read("u"), of_t);
  EXPECT_EQ(DataFiles("t"), 8u);
  EXPECT_EQ(DataFiles("u"), 8u);
  ASSERT_TRUE(Upsert("t", {{3, "new"}, {100, "new"}}).ok());
  EXPECT_EQ(Read("t").size(), 9u);
}

TEST_F(CompactionTest, KeepsRowsWhateverHappensMeanwhile) {
  Make("t");
  Torture("t", 40);
}

TEST_F(CompactionTest, KeepsPartitionsApart) {
  NewTable shape;
  shape.schema = Columns();
  shape.spec.fields.push_back({{1}, 1000, "id_bucket", Transform::Parse("bucket[3]").value()});
  Make("t", shape);
  Torture("t", 40);
  ASSERT_TRUE(CompactAll("t").ok());
  EXPECT_EQ(DataFiles("t"), 3u);
  // Another spec: what is rewritten, is so under it.
  const Rows rows = Read("t");
  Evolve("t", [](MetadataBuilder& builder) {
    PartitionSpec spec;
    spec.id = 1;
    spec.fields.push_back({{1}, 1001, "id_cut", Transform::Parse("truncate[10]").value()});
    ASSERT_TRUE(builder.AddSpec(spec).ok());
    ASSERT_TRUE(builder.SetDefaultSpec(MetadataBuilder::kLastAdded).ok());
  });
  ASSERT_TRUE(CompactAll("t").ok());
  EXPECT_EQ(Read("t"), rows);
  for (const SharedFile& file : FilesOf("t")->Files(FileContent::kData))
    EXPECT_EQ(file->spec_id, 1);
  EXPECT_LE(DataFiles("t"), 5u);
}

TEST_F(CompactionTest, ReadsFilesOfEarlierColumns) {
  Make("t");
  for (int64_t i = 0; i < 5; ++i) ASSERT_TRUE(Append("t", {{i, "a"}}).ok());
  Evolve("t", [](MetadataBuilder& builder) {
    std::vector<Field> fields = Columns().fields();
    fields[1].name = "label";
    fields.insert(fields.begin(), Field{3, "more", Type(TypeKind::kInt)});
    ASSERT_TRUE(builder.AddSchema(Schema::Make(1, fields, {1}).value()).ok());
    ASSERT_TRUE(builder.SetCurrentSchema(MetadataBuilder::kLastAdded).ok());
  });
  EXPECT_EQ(Compact("t").value().rows, 5);
  EXPECT_EQ(Read("t").size(), 5u);
  const SharedFile file = FilesOf("t")->Files(FileContent::kData).at(0);
  EXPECT_EQ(*FindById(file->file.null_value_counts, 3), 5);
}

TEST_F(CompactionTest, MergesDeletesOfFilesThatStay) {
  policy_.target_bytes = 16u << 10;
  Make("t");
  std::vector<std::pair<int64_t, std::string>> rows;
  for (int64_t i = 0; i < 60'000; ++i) rows.emplace_back(i, std::to_string(i * 7919));
  ASSERT_TRUE(Append("t", rows).ok());
  for (int64_t i = 0; i < 10; ++i) ASSERT_TRUE(Delete("t", {i * 100, i * 100 + 1}).ok());
  EXPECT_EQ(DeleteFiles("t"), 10u);
  const std::string path = FilesOf("t")->Files(FileContent::kData).at(0)->file.path;
  const CompactionReport report =
      Compact("t", [&] { ASSERT_TRUE(Delete("t", {59'999}).ok()); }).value();
  EXPECT_EQ(report.removed_delete_files, 10);
  EXPECT_EQ(DeleteFiles("t"), 2u);
  EXPECT_EQ(FilesOf("t")->Files(FileContent::kData).at(0)->file.path, path);
  EXPECT_EQ(Read("t").size(), 60'000u - 21u);
  EXPECT_EQ(Upsert("t", {{100, "back"}, {59'998, "new"}}).value().deleted_rows, 1);
  // Many deleted rows: the file itself is written anew.
  std::vector<int64_t> many;
  for (int64_t i = 1000; i < 25'000; ++i) many.push_back(i);
  ASSERT_TRUE(Delete("t", many).ok());
  EXPECT_EQ(Compact("t").value().added_data_files, 1);
  EXPECT_EQ(DeleteFiles("t"), 0u);
  EXPECT_EQ(Upsert("t", {{30'000, "new"}}).value().deleted_rows, 1);
}

TEST_F(CompactionTest, AppliesDeletesByValuesOfOtherEngines) {
  Make("t");
  ASSERT_TRUE(Append("t", {{1, "a"}, {2, "b"}, {3, "c"}}).ok());
  BatchBuilder nulls = BatchBuilder::Make(Columns()).value();
  nulls.column(0).AppendLong(4);
  nulls.column(1).AppendNull();
  ASSERT_TRUE(Change("t", [&](WriteTransaction& tx, const TableName& table) {
                return tx.Append(table, nulls.Finish().value());
              }).ok());
  // By name: "b" and null.
  const Schema by_name = Schema::Make(0, {Columns().fields()[1]}).value();
  BatchBuilder builder = BatchBuilder::Make(by_name).value();
  builder.column(0).AppendBytes("b");
  builder.column(0).AppendNull();
  const std::string path = folder_ + "/equality.parquet";
  auto file = engine::ParquetWriter::Open(*parquet_, path, by_name).value();
  ASSERT_TRUE(file->Write(builder.Finish().value()).ok());
  const std::string uri = "gs://lake/n/equality.parquet";
  AddedFile added;
  added.file = DescribeFile(file->Finish().value(), uri);
  added.file.content = FileContent::kEqualityDeletes;
  added.file.equality_ids = {2};
  FileChanges changes;
  changes.operation = "delete";
  changes.added.push_back(added);
  std::vector<objects::FileToPublish> files(1);
  files[0] = PublishFile(uri, path).value();
  Publish("t", changes, std::move(files));
  // Later rows aren't hit.
  ASSERT_TRUE(Append("t", {{5, "b"}}).ok());
  EXPECT_EQ(Upsert("t", {{1, "x"}}).error().kind, ErrorKind::kUnsupported);
  EXPECT_EQ(CompactAll("t").value().rows, 3);
  EXPECT_EQ(Read("t"), (Rows{{1, "a"}, {3, "c"}, {5, "b"}}));
  EXPECT_EQ(DeleteFiles("t"), 0u);
  EXPECT_EQ(Upsert("t", {{1, "x"}}).value().deleted_rows, 1);
}

TEST_F(CompactionTest, RefusesWhatItWouldHarm) {
  NewTable shape;
  shape.schema = Columns();
  shape.properties["format-version"] = "3";
  Make("t", shape);
  for (int64_t i = 0; i < 5; ++i) ASSERT_TRUE(Append("t", {{i, "a"}}).ok());
  EXPECT_EQ(Compact("t").error().kind, ErrorKind::kUnsupported);
  EXPECT_FALSE(Make().MayNeed(Name("t")).value());
  EXPECT_EQ(Compact("absent").error().code, "table.not_found");
}

#if defined(CAUDAL_FAILPOINTS)
TEST_F(CompactionTest, AFailureAtAnyStepChangesNothing) {
  Make("t");
  for (int64_t i = 0; i < 6; ++i) ASSERT_TRUE(Upsert("t", {{i, "a"}, {10 + i, "a"}}).ok());
  Rows expected = Read("t");
  for (const char* step : {"lake.compact.read", "lake.write.file"}) {
    ASSERT_TRUE(ArmFailpoints(std::string(step) + "=error").ok());
    EXPECT_FALSE(Compact("t").ok()) << step;
    DisarmFailpoints();
    EXPECT_EQ(Read("t"), expected) << step;
  }
  for (const char* step :
       {"lake.write.deletes", "lake.compact.prepared", "lake.commit.move", "objects.publish"}) {
    const Result<CompactionReport> report = Compact("t", [&] {
      ASSERT_TRUE(Delete("t", {expected.begin()->first}).ok());
      expected.erase(expected.begin());
      ASSERT_TRUE(ArmFailpoints(std::string(step) + "=error").ok());
    });
    DisarmFailpoints();
    EXPECT_FALSE(report.ok()) << step;
    EXPECT_EQ(Read("t"), expected) << step;
  }
  EXPECT_EQ(Compact("t").value().commits, 1);
  EXPECT_EQ(Read("t"), expected);
}
#endif

}  // namespace
}  // namespace caudal::lake
