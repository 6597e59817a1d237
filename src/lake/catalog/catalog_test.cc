#include "lake/catalog/catalog.h"

#include <gmock/gmock.h>

#include <thread>

#include "base/failpoint.h"
#include "lake/catalog/locations.h"
#include "objects/store_fixture.h"

namespace caudal::lake {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;

class CatalogTest : public objects::StoreFixture {
 protected:
  void SetUp() override {
    StoreFixture::SetUp();
    OpenCatalog();
    ASSERT_TRUE(catalog_->namespaces().Create({"n"}, {}).ok());
  }
  void TearDown() override {
    DisarmFailpoints();
    catalog_.reset();
    StoreFixture::TearDown();
  }
  std::vector<meta::Migration> MoreMigrations() override {
    const auto more = Catalog::Migrations();
    return {more.begin(), more.end()};
  }

  void OpenCatalog() {
    CatalogOptions options;
    options.bucket = "lake";
    catalog_ = std::make_unique<Catalog>(options, *database_, *store_, clock_, SystemRandom());
  }

  static NewTable Shape() {
    NewTable table;
    table.schema = Schema::Make(0, {Field{1, "id", Type(TypeKind::kLong), true}}).value();
    return table;
  }
  LoadedTable Make(const std::string& name, NewTable table = Shape()) {
    return catalog_->Create({{"n"}, name}, std::move(table)).value();
  }
  static TableChange Set(const std::string& name, const std::string& key, const std::string& value,
                         Json requirements = Json::array()) {
    return {{{"n"}, name},
            std::move(requirements),
            Json::array({{{"action", "set-properties"}, {"updates", {{key, value}}}}})};
  }
  std::string Property(const std::string& name, const std::string& key) {
    const LoadedTable table = catalog_->Load({{"n"}, name}).value();
    const auto found = table.metadata->properties.find(key);
    return found == table.metadata->properties.end() ? "" : found->second;
  }
  bool Exists(const std::string& location) {
    const ObjectPlace place = PlaceOf(location).value();
    return store_->Stat({place.bucket, place.name, {}}).ok();
  }
  size_t ObjectsIn(const std::string& bucket) {
    objects::ListQuery query;
    query.bucket = bucket;
    return store_->List(query).value().items.size();
  }

  std::unique_ptr<Catalog> catalog_;
};

TEST_F(CatalogTest, KeepsTablesAcrossRestarts) {
  const LoadedTable made = Make("t");
  EXPECT_THAT(made.metadata_location, StartsWith("gs://lake/n/t-"));
  EXPECT_EQ(catalog_->Commit({Set("t", "k", "v")}).value()[0].metadata->properties.at("k"), "v");
  catalog_.reset();
  Reopen();
  OpenCatalog();
  const LoadedTable read = catalog_->Load({{"n"}, "t"}).value();
  EXPECT_EQ(read.metadata->uuid, made.metadata->uuid);
  EXPECT_EQ(Property("t", "k"), "v");
  EXPECT_EQ(VersionOf(read.metadata_location), 1);
  ASSERT_EQ(read.metadata->metadata_log.size(), 1u);
  EXPECT_EQ(read.metadata->metadata_log[0].metadata_file, made.metadata_location);
}

// Small metadata is plain text for anyone; what a history makes long is packed.
TEST_F(CatalogTest, PacksMetadataAsTheTableSays) {
  Make("t");
  const auto add = [](int64_t id) {
    return TableChange{
        {{"n"}, "t"},
        Json::array(),
        Json::array({{{"action", "add-snapshot"},
                      {"snapshot",
                       {{"snapshot-id", id},
                        {"sequence-number", id},
                        {"timestamp-ms", 1'700'000'000'000},
                        {"summary", {{"operation", "append"}}},
                        {"manifest-list", "gs://lake/l" + std::to_string(id) + ".avro"}}}},
                     {{"action", "set-snapshot-ref"},
                      {"ref-name", "main"},
                      {"type", "branch"},
                      {"snapshot-id", id}}})};
  };
  const auto is_packed = [&](const LoadedTable& table) {
    const ObjectPlace place = PlaceOf(table.metadata_location).value();
    const objects::ObjectContent content = store_->Read({place.bucket, place.name, {}}).value();
    std::string begin(2, '\0');
    if (content.bytes)
      begin = content.bytes->substr(0, 2);
    else
      EXPECT_TRUE(content.file->ReadAt(0, begin.data(), 2).ok());
    const bool packed = begin == "\x1f\x8b";
    EXPECT_EQ(content.object.metadata.content_encoding, "");
    EXPECT_EQ(table.metadata_location.ends_with(".gz.metadata.json"), packed);
    EXPECT_TRUE(packed || begin == "{\"");
    return packed;
  };
  LoadedTable table;
  for (int64_t id = 1; id <= 31; ++id) table = catalog_->Commit({add(id)}).value()[0];
  EXPECT_FALSE(is_packed(table));
  table = catalog_->Commit({add(32)}).value()[0];
  EXPECT_TRUE(is_packed(table));
  EXPECT_FALSE(is_packed(
      catalog_->Commit({Set("t", "write.metadata.compression-codec", "none")}).value()[0]));
  Make("u");
  const LoadedTable small =
      catalog_->Commit({Set("u", "write.metadata.compression-codec", "gzip")}).value()[0];
  EXPECT_TRUE(is_packed(small));
  // Read from the files, by this process and by one that only has the file.
  Reopen();
  OpenCatalog();
  EXPECT_EQ(*catalog_->Load({{"n"}, "u"}).value().metadata, *small.metadata);
  EXPECT_EQ(*catalog_->Register({{"n"}, "v"}, table.metadata_location, false).value().metadata,
            *table.metadata);
}

TEST_F(CatalogTest, SaysWhatIsMissingOrThere) {
  Make("t");
  EXPECT_EQ(catalog_->Load({{"n"}, "u"}).error().code, "table.not_found");
  EXPECT_EQ(catalog_->Load({{"m"}, "t"}).error().code, "table.not_found");
  EXPECT_EQ(catalog_->Create({{"n"}, "t"}, Shape()).error().code, "table.exists");
  EXPECT_EQ(catalog_->Stage({{"n"}, "t"}, Shape()).error().code, "table.exists");
  EXPECT_EQ(catalog_->Create({{"m"}, "t"}, Shape()).error().code, "namespace.not_found");
  EXPECT_EQ(catalog_->namespaces().Drop({"n"}).error().code, "namespace.not_empty");
  NewTable elsewhere = Shape();
  elsewhere.location = "gs://no-such-bucket/t";
  EXPECT_THAT(catalog_->Create({{"n"}, "e"}, elsewhere).error().message,
              HasSubstr("no-such-bucket"));
}

TEST_F(CatalogTest, SeveralTablesChangeTogetherOrNotAtAll) {
  Make("a");
  Make("b");
  const Json stranger = Json::array(
      {{{"type", "assert-table-uuid"}, {"uuid", "9b5c4a9e-0000-4000-8000-000000000000"}}});
  const auto failed = catalog_->Commit({Set("a", "k", "1"), Set("b", "k", "1", stranger)});
  EXPECT_EQ(failed.error().code, "table.commit_failed");
  EXPECT_EQ(Property("a", "k"), "");
  EXPECT_EQ(catalog_->Commit({Set("a", "k", "1"), Set("b", "k", "1")}).value().size(), 2u);
  EXPECT_EQ(Property("a", "k") + Property("b", "k"), "11");
  EXPECT_EQ(catalog_->Commit({Set("a", "k", "1"), Set("a", "k", "2")}).error().kind,
            ErrorKind::kInvalid);
}

TEST_F(CatalogTest, LeavesNothingBehindWhenACommitFails) {
  if (!ArmFailpoints("lake.commit.move=error").ok()) GTEST_SKIP() << "a build without failpoints";
  DisarmFailpoints();
  Make("a");
  const size_t before = ObjectsIn("lake");
  ASSERT_TRUE(ArmFailpoints("lake.commit.move=error").ok());
  EXPECT_EQ(catalog_->Commit({Set("a", "k", "1")}).error().kind, ErrorKind::kUnavailable);
  DisarmFailpoints();
  EXPECT_EQ(Property("a", "k"), "");
  EXPECT_EQ(ObjectsIn("lake"), before);
  EXPECT_TRUE(catalog_->Commit({Set("a", "k", "1")}).ok());
}

TEST_F(CatalogTest, ConcurrentCommitsLoseNothing) {
  Make("a");
  Make("b");
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i)
    threads.emplace_back([this, i] {
      for (int j = 0; j < 5; ++j) {
        const std::string key = std::to_string(i) + "-" + std::to_string(j);
        // In two orders, as several writers would.
        std::vector<TableChange> both = {Set("a", key, "v"), Set("b", key, "v")};
        if (i % 2 == 1) std::swap(both[0], both[1]);
        EXPECT_TRUE(catalog_->Commit(both).ok());
      }
    });
  for (std::thread& thread : threads) thread.join();
  for (const char* name : {"a", "b"})
    EXPECT_EQ(catalog_->Load({{"n"}, name}).value().metadata->properties.size(), 20u);
}

TEST_F(CatalogTest, ACommitThatChangesNothingWritesNothing) {
  const LoadedTable made = Make("t");
  const auto done = catalog_->Commit({{{{"n"}, "t"}, Json::array(), Json::array()}}).value();
  EXPECT_EQ(done[0].metadata_location, made.metadata_location);
  EXPECT_EQ(ObjectsIn("lake"), 1u);
}

TEST_F(CatalogTest, RemovesOldMetadataWhereTheTableSaysSo) {
  NewTable table = Shape();
  table.properties = {{"write.metadata.delete-after-commit.enabled", "true"},
                      {"write.metadata.previous-versions-max", "2"}};
  const LoadedTable made = Make("t", table);
  for (int i = 0; i < 5; ++i)
    ASSERT_TRUE(catalog_->Commit({Set("t", "k", std::to_string(i))}).ok());
  EXPECT_FALSE(Exists(made.metadata_location));
  EXPECT_EQ(ObjectsIn("lake"), 3u);  // the current one and two before it
  EXPECT_EQ(Property("t", "k"), "4");
}

TEST_F(CatalogTest, ADroppedTableIsGoneAndItsNameIsFree) {
  const LoadedTable first = Make("t");
  EXPECT_EQ(catalog_->Drop({{"n"}, "t"}).value().metadata_location, first.metadata_location);
  EXPECT_EQ(catalog_->Drop({{"n"}, "t"}).error().code, "table.not_found");
  const LoadedTable second = Make("t");
  EXPECT_NE(second.metadata->location, first.metadata->location);
  EXPECT_TRUE(Exists(first.metadata_location));
  // And can come back under another name.
  EXPECT_TRUE(catalog_->Register({{"n"}, "u"}, first.metadata_location, false).ok());
  EXPECT_EQ(catalog_->Load({{"n"}, "u"}).value().metadata->uuid, first.metadata->uuid);
  EXPECT_EQ(catalog_->Register({{"n"}, "t"}, first.metadata_location, false).error().code,
            "table.exists");
  EXPECT_TRUE(catalog_->Register({{"n"}, "t"}, first.metadata_location, true).ok());
}

TEST_F(CatalogTest, NamesTheMetadataFileThatIsDamaged) {
  const LoadedTable made = Make("t");
  const ObjectPlace place = PlaceOf(made.metadata_location).value();
  objects::WriteRequest request;
  request.bucket = place.bucket;
  request.name = place.name;
  ASSERT_TRUE(store_->Put(request, "{\"format-version\": 2}").ok());
  OpenCatalog();
  const Error damaged = catalog_->Load({{"n"}, "t"}).error();
  EXPECT_EQ(damaged.kind, ErrorKind::kCorrupt);
  EXPECT_THAT(damaged.message, HasSubstr(made.metadata_location));
  ASSERT_TRUE(store_->Delete({place.bucket, place.name, {}}).ok());
  EXPECT_EQ(catalog_->Load({{"n"}, "t"}).error().kind, ErrorKind::kCorrupt);
}

TEST(Names, TakeNoPartThatIsNone) {
  EXPECT_TRUE(CheckLevels({"a", "b c", "ñ"}).ok());
  for (const std::string part : {"", ".", "..", "a/b", "a\x1f", "a`", "a\"", "\xff"})
    EXPECT_FALSE(CheckPart("name", part).ok()) << part;
  EXPECT_FALSE(CheckLevels({}).ok());
  EXPECT_FALSE(CheckLevels(Levels(9, "a")).ok());
  EXPECT_THAT(Split(Join({"a", "b.c"})), ElementsAre("a", "b.c"));
}

TEST(Locations, AreOfThisStore) {
  EXPECT_EQ(PlaceOf("gs://b/x/y").value().name, "x/y");
  for (const char* bad : {"", "gs://", "gs://b", "gs://b/", "s3://b/x", "file:///x", "gs:///x"})
    EXPECT_EQ(PlaceOf(bad).error().code, "lake.location") << bad;
  EXPECT_EQ(DefaultLocation("lake", "", {{"a", "b c"}, "t/x"}, "12345678-9"),
            "gs://lake/a/b_c/t_x-12345678");
  EXPECT_EQ(DefaultLocation("lake", "gs://other/base/", {{"a"}, "t"}, "12345678-9"),
            "gs://other/base/t-12345678");
  EXPECT_EQ(DefaultLocation("lake", {"a", "b c"}), "gs://lake/a/b_c");
  EXPECT_EQ(MetadataLocation("gs://b/t", "", 12, "9b", false),
            "gs://b/t/metadata/00012-9b.metadata.json");
  EXPECT_EQ(MetadataLocation("gs://b/t", "gs://b/m/", 12, "9b", true),
            "gs://b/m/00012-9b.gz.metadata.json");
  EXPECT_EQ(VersionOf("gs://b/m/00012-9b.gz.metadata.json"), 12);
  EXPECT_EQ(VersionOf("gs://b/t/metadata/00012-9b.metadata.json"), 12);
  EXPECT_EQ(VersionOf("gs://b/t/metadata/v3.metadata.json"), -1);
}

TEST_F(CatalogTest, TwoTablesExchangeTheirNames) {
  const TableName a{{"n"}, "t"};
  const TableName b{{"n", "beside"}, "t"};
  ASSERT_TRUE(catalog_->namespaces().Create(b.space, {}).ok());
  const LoadedTable one = catalog_->Create(a, Shape()).value();
  const LoadedTable other = catalog_->Create(b, Shape()).value();
  const auto uuid = [&](const TableName& name) {
    return catalog_->Load(name).value().metadata->uuid;
  };
  const auto exchange = [&](const TableName& with, bool fail = false) {
    return database_->Write([&](meta::Tx& tx) -> Result<void> {
      TRY(catalog_->Exchange(tx, a, with));
      if (fail) return MakeError(ErrorKind::kUnavailable, "not now");
      return {};
    });
  };
  // Made on what had the name before: another table has it now.
  const auto late = [&](const LoadedTable& base) {
    std::vector<PreparedCommit> commits;
    commits.push_back({base, *base.metadata, {}});
    return catalog_->Publish(std::move(commits));
  };

  EXPECT_EQ(exchange({{"n"}, "none"}).error().code, "table.not_found");
  EXPECT_EQ(exchange(b, true).error().message, "not now");
  EXPECT_EQ(uuid(a), one.metadata->uuid);
  EXPECT_EQ(uuid(b), other.metadata->uuid);

  const uint64_t changes = catalog_->changes();
  ASSERT_TRUE(exchange(b).ok());
  EXPECT_GT(catalog_->changes(), changes);
  EXPECT_EQ(uuid(a), other.metadata->uuid);
  EXPECT_EQ(uuid(b), one.metadata->uuid);
  EXPECT_EQ(late(one).error().code, "table.moved");
  EXPECT_EQ(late(other).error().code, "table.moved");
  EXPECT_EQ(catalog_->AllTables().value().size(), 2u);
  EXPECT_THAT(catalog_->ListTables({"n"}, "", 10).value().tables, ElementsAre(a));
  EXPECT_THAT(catalog_->ListTables(b.space, "", 10).value().tables, ElementsAre(b));

  // Commits go to the table that has the name.
  ASSERT_TRUE(catalog_->Commit({Set("t", "k", "v")}).ok());
  EXPECT_EQ(catalog_->Load(a).value().metadata->properties.count("k"), 1u);
  EXPECT_EQ(catalog_->Load(b).value().metadata->properties.count("k"), 0u);
  EXPECT_EQ(catalog_
                ->Commit({Set(
                    "t", "k", "w",
                    Json::array({{{"type", "assert-table-uuid"}, {"uuid", one.metadata->uuid}}}))})
                .error()
                .code,
            "table.commit_failed");
  catalog_.reset();
  Reopen();
  OpenCatalog();
  EXPECT_EQ(uuid(a), other.metadata->uuid);
  EXPECT_EQ(uuid(b), one.metadata->uuid);
  ASSERT_TRUE(exchange(b).ok());
  EXPECT_EQ(uuid(a), one.metadata->uuid);
}

}  // namespace
}  // namespace caudal::lake
