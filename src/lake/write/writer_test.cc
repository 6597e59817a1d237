#include "lake/write/writer.h"

#include <gmock/gmock.h>

#include <thread>

#include "lake/upkeep/compaction.h"
#include "lake/write/writer_fixture.h"

namespace caudal::lake {
namespace {

using testing::HasSubstr;

class WriterTest : public WriterFixture {};

TEST_F(WriterTest, AppendsChangesAndDeletes) {
  Make("t");
  const CommittedTable appended = Append("t", {{1, "a"}, {2, "b"}, {3, "c"}}).value();
  EXPECT_EQ(appended.added_rows, 3);
  EXPECT_EQ(appended.metadata->current_snapshot()->operation(), "append");
  EXPECT_EQ(Read("t"), (Rows{{1, "a"}, {2, "b"}, {3, "c"}}));
  const CommittedTable changed = Upsert("t", {{2, "B"}, {4, "d"}}).value();
  EXPECT_EQ(changed.deleted_rows, 1);
  EXPECT_EQ(changed.metadata->current_snapshot()->operation(), "overwrite");
  EXPECT_EQ(Read("t"), (Rows{{1, "a"}, {2, "B"}, {3, "c"}, {4, "d"}}));
  EXPECT_EQ(Delete("t", {1, 4, 9}).value().deleted_rows, 2);
  EXPECT_EQ(Read("t"), (Rows{{2, "B"}, {3, "c"}}));
  const LoadedTable table = catalog_->Load(Name("t")).value();
  EXPECT_EQ(table.metadata->current_snapshot()->operation(), "delete");
  // Earlier states are still there.
  ASSERT_EQ(table.metadata->snapshots.size(), 3u);
  EXPECT_EQ(ReadSnapshot(*table.metadata, table.metadata->snapshots[0]).size(), 3u);
}

TEST_F(WriterTest, CollapsesRowsOfOneKey) {
  Make("t");
  ASSERT_TRUE(Append("t", {{1, "a"}, {2, "b"}}).ok());
  const CommittedTable done =
      Change("t", [](WriteTransaction& tx, const TableName& table) -> Result<void> {
        TRY(tx.Upsert(table, RowsOf({{1, "x"}, {3, "x"}, {1, "y"}})));
        TRY(tx.Upsert(table, RowsOf({{1, "z"}, {4, "x"}})));
        TRY(tx.Delete(table, KeysOf({3, 2})));
        TRY(tx.Upsert(table, RowsOf({{2, "again"}})));
        return tx.Delete(table, KeysOf({4}));
      }).value();
  EXPECT_EQ(done.added_rows, 2);
  EXPECT_EQ(done.deleted_rows, 2);
  EXPECT_EQ(Read("t"), (Rows{{1, "z"}, {2, "again"}}));
}

TEST_F(WriterTest, ChangesRowByRowInOrder) {
  NewTable shape;
  shape.schema = Schema::Make(0,
                              {Field{1, "id", Type(TypeKind::kLong), true},
                               Field{2, "name", Type(TypeKind::kString), true}},
                              {1})
                     .value();
  Make("t", shape);
  ASSERT_TRUE(Append("t", {{1, "a"}, {2, "b"}, {3, "c"}, {4, "d"}, {5, "e"}}).ok());
  BatchBuilder builder = BatchBuilder::Make(Columns()).value();
  std::vector<RowChange> changes;
  const auto row = [&](RowChange change, std::optional<int64_t> id,
                       std::optional<std::string> name) {
    changes.push_back(change);
    id ? builder.column(0).AppendLong(*id) : builder.column(0).AppendNull();
    name ? builder.column(1).AppendBytes(*name) : builder.column(1).AppendNull();
  };
  row(RowChange::kKeep, std::nullopt, std::nullopt);
  row(RowChange::kPut, 1, "put");
  row(RowChange::kRemove, 1, std::nullopt);  // no row
  row(RowChange::kRemove, 2, std::nullopt);
  row(RowChange::kPut, 2, "put");  // in place of the table's
  row(RowChange::kKeep, 3, std::nullopt);
  row(RowChange::kRemove, 4, std::nullopt);
  row(RowChange::kPut, 6, "once");
  row(RowChange::kPut, 6, "twice");
  row(RowChange::kRemove, 99, std::nullopt);
  const Batch batch = builder.Finish().value();
  const CommittedTable done = Change("t", [&](WriteTransaction& tx, const TableName& table) {
                                return tx.Change(table, batch, changes);
                              }).value();
  EXPECT_EQ(done.added_rows, 2);
  EXPECT_EQ(done.deleted_rows, 3);
  EXPECT_EQ(Read("t"), (Rows{{2, "put"}, {3, "c"}, {5, "e"}, {6, "twice"}}));

  const auto change = [&](std::optional<int64_t> id, RowChange one, size_t count) {
    row(one, id, std::nullopt);
    changes.clear();
    const Batch bad = builder.Finish().value();
    return Change("t", [&](WriteTransaction& tx, const TableName& table) {
      return tx.Change(table, bad, std::vector<RowChange>(count, one));
    });
  };
  EXPECT_THAT(change(std::nullopt, RowChange::kRemove, 1).error().message,
              HasSubstr("primary key"));
  EXPECT_THAT(change(7, RowChange::kPut, 1).error().message, HasSubstr("a value is required"));
  EXPECT_THAT(change(7, RowChange::kRemove, 2).error().message, HasSubstr("1 rows with 2 changes"));
  EXPECT_EQ(change(7, RowChange::kKeep, 1).value().snapshot_id, 0);
}

TEST_F(WriterTest, AddsObjectsThatAreThereAsFiles) {
  ASSERT_TRUE(store_->CreateBucket("landing", {}).ok());
  Make("replica");
  NewTable shape;
  shape.schema = Schema::Make(0, Columns().fields()).value();
  Make("history", shape);
  const std::string uri = "gs://landing/shop/1.parquet";
  const DataFile landed = Land(uri, {{1, "a"}, {1, "b"}});
  EXPECT_EQ(DescribeObject(*store_, *parquet_, uri, Columns()).value(), landed);
  const auto apply = [&](bool fail) {
    std::unique_ptr<WriteTransaction> tx = writer_->Begin();
    EXPECT_TRUE(tx->AddFile(Name("history"), landed).ok());
    EXPECT_TRUE(tx->Upsert(Name("replica"), RowsOf({{1, "b"}})).ok());
    return tx->Commit([&](meta::Tx&) -> Result<void> {
      if (fail) return MakeError(ErrorKind::kDiskFull, "no");
      return {};
    });
  };
  EXPECT_FALSE(apply(true).ok());
  { EXPECT_TRUE(writer_->Begin()->AddFile(Name("history"), landed).ok()); }
  EXPECT_TRUE(Exists(uri));
  EXPECT_EQ(Read("history"), Rows());
  EXPECT_EQ(apply(false).value().size(), 2u);
  EXPECT_EQ(Read("history"), (Rows{{1, "a"}, {1, "b"}}));
  EXPECT_EQ(Read("replica"), (Rows{{1, "b"}}));
  const LoadedTable history = catalog_->Load(Name("history")).value();
  const Snapshot& snapshot = *history.metadata->current_snapshot();
  EXPECT_EQ(snapshot.operation(), "append");
  EXPECT_EQ(snapshot.summary.at("added-records"), "2");
  EXPECT_EQ(snapshot.summary.at("added-data-files"), "1");
  EXPECT_EQ(FilesOf("history")->Files(FileContent::kData).at(0)->file, landed);

  EXPECT_EQ(apply(false).error().code, "table.file_exists");
  const DataFile other = Land("gs://landing/shop/2.parquet", {{2, "c"}});
  const auto twice =
      Change("history", [&](WriteTransaction& tx, const TableName& table) -> Result<void> {
        TRY(tx.AddFile(table, other));
        return tx.AddFile(table, other);
      });
  EXPECT_EQ(twice.error().code, "table.file_exists");
  DataFile strange = other;
  ++strange.file_size_bytes;
  const auto add = [&](const std::string& name, const DataFile& file) {
    return writer_->Begin()->AddFile(Name(name), file).error().kind;
  };
  EXPECT_EQ(add("history", strange), ErrorKind::kCorrupt);
  strange.path = "gs://landing/none";
  EXPECT_EQ(add("history", strange), ErrorKind::kCorrupt);
  strange.content = FileContent::kPositionDeletes;
  EXPECT_EQ(add("history", strange), ErrorKind::kInvalid);
  shape.spec.fields.push_back({{1}, 1000, "id", Transform()});
  Make("parted", shape);
  EXPECT_EQ(add("parted", other), ErrorKind::kInvalid);
  // A table with a key finds the rows of such a file, too.
  const CommittedTable both =
      Change("replica", [&](WriteTransaction& tx, const TableName& table) -> Result<void> {
        TRY(tx.Delete(table, KeysOf({1})));
        return tx.AddFile(table, other);
      }).value();
  EXPECT_EQ(both.metadata->current_snapshot()->operation(), "overwrite");
  EXPECT_EQ(Upsert("replica", {{2, "C"}}).value().deleted_rows, 1);
  EXPECT_EQ(Read("replica"), (Rows{{2, "C"}}));
}

class RowsOfATable : public WriterFixture {
 protected:
  using Texts = std::vector<std::string>;

  static Schema Names() { return Schema::Make(0, {Columns().fields()[1]}).value(); }
  // "-" for a key without a row.
  static Texts Look(WriteTransaction& tx, const std::vector<int64_t>& ids) {
    const FoundRows found = tx.Rows(Name("t"), KeysOf(ids), Names()).value();
    EXPECT_EQ(found.places.size(), ids.size());
    Texts names;
    for (const int64_t place : found.places)
      names.emplace_back(place == FoundRows::kNone ? "-" : found.rows.column(0).bytes(place));
    return names;
  }
  void Compact() {
    const std::atomic<bool> stop = false;
    EXPECT_EQ(Compactor(*writer_, {}, stop).RunAll(Name("t")).value().commits, 1);
  }
};

TEST_F(RowsOfATable, AreThoseThatTheTransactionSees) {
  Make("t");
  std::unique_ptr<WriteTransaction> tx = writer_->Begin();
  EXPECT_EQ(Look(*tx, {1}), (Texts{"-"}));
  std::vector<std::pair<int64_t, std::string>> many;
  for (int64_t id = 1000; id < 41'000; ++id) many.emplace_back(id, "n" + std::to_string(id));
  ASSERT_TRUE(Append("t", many).ok());
  ASSERT_TRUE(Append("t", {{1, "a"}, {2, "b"}, {3, "c"}, {4, "d"}}).ok());
  ASSERT_TRUE(Upsert("t", {{1, "A"}, {40'000, "N"}}).ok());
  tx = writer_->Begin();
  ASSERT_TRUE(tx->Upsert(Name("t"), RowsOf({{2, "x"}, {5, "e"}, {2, "B"}})).ok());
  ASSERT_TRUE(tx->Delete(Name("t"), KeysOf({3})).ok());
  ASSERT_TRUE(tx->Append(Name("t"), RowsOf({{6, "f"}})).ok());
  EXPECT_EQ(Look(*tx, {4, 2, 3, 99, 1, 4, 40'000, 1000, 39'999, 5, 6}),
            (Texts{"d", "B", "-", "-", "A", "d", "N", "n1000", "n39999", "e", "-"}));
  EXPECT_EQ(Look(*tx, {}), Texts());
  ASSERT_TRUE(tx->Upsert(Name("t"), RowsOf({{4, "D"}})).ok());
  EXPECT_EQ(Look(*tx, {4}), (Texts{"D"}));
  EXPECT_EQ(tx->Commit().value()[0].deleted_rows, 3);
  EXPECT_EQ(Read("t").size(), 40'005u);
  ASSERT_TRUE(Append("t", {{1, "again"}}).ok());
  EXPECT_EQ(Look(*writer_->Begin(), {3, 1}), (Texts{"-", "again"}));

  tx = writer_->Begin();
  ASSERT_TRUE(tx->Replace(Name("t")).ok());
  EXPECT_EQ(Look(*tx, {1}), (Texts{"-"}));
  const auto refused = [&](const Field& column) {
    return tx->Rows(Name("t"), KeysOf({1}), Schema::Make(0, {column}).value()).error().kind;
  };
  EXPECT_EQ(refused(Field{3, "no", Type(TypeKind::kString)}), ErrorKind::kInvalid);
  EXPECT_EQ(refused(Field{2, "name", Type(TypeKind::kLong)}), ErrorKind::kInvalid);
}

TEST_F(RowsOfATable, ThatWereReadMustNotChangeBeforeTheCommit) {
  Make("t");
  ASSERT_TRUE(Append("t", {{1, "a"}, {2, "b"}}).ok());
  ASSERT_TRUE(Append("t", {{3, "c"}, {4, "d"}}).ok());
  std::unique_ptr<WriteTransaction> tx = writer_->Begin();
  EXPECT_EQ(Look(*tx, {1}), (Texts{"a"}));
  Compact();
  EXPECT_EQ(Look(*tx, {3, 1}), (Texts{"c", "a"}));
  ASSERT_TRUE(tx->Upsert(Name("t"), RowsOf({{1, "a+"}})).ok());
  EXPECT_TRUE(tx->Commit().ok());

  tx = writer_->Begin();
  EXPECT_EQ(Look(*tx, {1}), (Texts{"a+"}));
  std::unique_ptr<WriteTransaction> blind = writer_->Begin();
  ASSERT_TRUE(blind->Upsert(Name("t"), RowsOf({{2, "b+"}})).ok());
  EXPECT_EQ(Look(*blind, {2}), (Texts{"b+"}));  // it said so itself
  ASSERT_TRUE(Upsert("t", {{1, "other"}}).ok());
  EXPECT_EQ(tx->Rows(Name("t"), KeysOf({2}), Names()).error().code, "table.rows_changed");
  ASSERT_TRUE(tx->Upsert(Name("t"), RowsOf({{1, "a++"}})).ok());
  const Error conflict = tx->Commit().error();
  EXPECT_EQ(conflict.kind, ErrorKind::kConflict);
  EXPECT_EQ(conflict.code, "table.rows_changed");
  EXPECT_TRUE(blind->Commit().ok());
  EXPECT_EQ(Read("t"), (Rows{{1, "other"}, {2, "b+"}, {3, "c"}, {4, "d"}}));
}

// Rows by key that don't wait in memory, but go into files before the commit.
class SpillingWriter : public WriterFixture {
 protected:
  void SetUp() override {
    writer_options_.rows_bytes_max = 2'000;
    WriterFixture::SetUp();
  }
  static std::vector<std::pair<int64_t, std::string>> Range(int64_t first, int64_t end,
                                                            const std::string& name) {
    std::vector<std::pair<int64_t, std::string>> rows;
    for (int64_t id = first; id < end; ++id) rows.emplace_back(id, name);
    return rows;
  }
  size_t DataFiles(const std::string& name) {
    return FilesOf(name)->Files(FileContent::kData).size();
  }
  // Objects in the table's data folder, whether it has them or not.
  size_t Objects(const std::string& name) {
    const LoadedTable table = catalog_->Load(Name(name)).value();
    const ObjectPlace folder = PlaceOf(DataFolder(*table.metadata) + "/").value();
    objects::ListQuery query;
    query.bucket = folder.bucket;
    query.prefix = folder.name;
    return store_->List(query).value().items.size();
  }
  // Some of what spills do to rows of each other, of the table and of themselves.
  static Result<void> ChangeMuch(WriteTransaction& tx, const TableName& table) {
    TRY(tx.Upsert(table, RowsOf(Range(0, 200, "one"))));       // a file
    TRY(tx.Upsert(table, RowsOf(Range(100, 300, "two"))));     // another: half of the first is dead
    TRY(tx.Upsert(table, RowsOf(Range(290, 310, "three"))));   // waits
    TRY(tx.Delete(table, KeysOf({0, 299, 305, 1000, 7777})));  // one of each
    TRY(tx.Upsert(table, RowsOf({{0, "back"}, {1001, "new"}})));
    return {};
  }
  static void ExpectMuch(Rows rows) {
    EXPECT_EQ(rows.size(), 310u - 2 + 999);
    const auto expect = [&](int64_t id, const char* name) {
      ASSERT_EQ(rows.count(id), 1u) << id;
      EXPECT_EQ(rows.find(id)->second, name) << id;
    };
    expect(0, "back");
    for (int64_t id = 1; id < 100; ++id) expect(id, "one");
    for (int64_t id = 100; id < 290; ++id) expect(id, "two");
    for (int64_t id = 290; id < 310; ++id)
      if (id != 299 && id != 305) expect(id, "three");
    expect(1001, "new");
    expect(1002, "old");
  }
};

TEST_F(SpillingWriter, DeletesItsOwnRowsByPosition) {
  NewTable parted;
  parted.schema = Columns();
  parted.spec.fields.push_back({{1}, 1000, "id_bucket", Transform::Parse("bucket[3]").value()});
  Make("parted", parted);
  Make("t");
  for (const char* name : {"t", "parted"}) {
    SCOPED_TRACE(name);
    ASSERT_TRUE(Append(name, Range(1000, 2000, "old")).ok());
    const CommittedTable done = Change(name, ChangeMuch).value();
    EXPECT_EQ(done.added_rows, 309);
    EXPECT_EQ(done.deleted_rows, 2);
    EXPECT_GE(DataFiles(name), 4u);
    ExpectMuch(Read(name));
    // The keys that it knows are those of the rows.
    EXPECT_EQ(Upsert(name, Range(0, 1100, "after")).value().deleted_rows, 309 + 98);
    EXPECT_EQ(Read(name).size(), 2000u);
    const CommittedTable replaced =
        Change(name, [](WriteTransaction& tx, const TableName& table) -> Result<void> {
          TRY(tx.Replace(table));
          TRY(ChangeMuch(tx, table));
          return tx.Append(table, RowsOf(Range(1002, 2000, "old")));
        }).value();
    EXPECT_EQ(replaced.deleted_rows, 0);
    ExpectMuch(Read(name));
    ReopenLake();
    EXPECT_EQ(Delete(name, {0, 1, 100, 290, 299}).value().deleted_rows, 4);
  }
}

TEST_F(SpillingWriter, ReadsRowsThatItHasSpilled) {
  Make("t");
  std::unique_ptr<WriteTransaction> tx = writer_->Begin();
  ASSERT_TRUE(ChangeMuch(*tx, Name("t")).ok());
  const FoundRows found =
      tx->Rows(Name("t"), KeysOf({305, 150, 0, 299, 1, 304}), Columns()).value();
  EXPECT_EQ(found.places, (std::vector<int64_t>{-1, 0, 1, -1, 2, 3}));
  for (const auto& [row, id, name] : {std::tuple(0, 150, "two"), std::tuple(1, 0, "back"),
                                      std::tuple(2, 1, "one"), std::tuple(3, 304, "three")}) {
    EXPECT_EQ(found.rows.column(0).values<int64_t>()[row], id);
    EXPECT_EQ(found.rows.column(1).bytes(row), name);
  }
  EXPECT_TRUE(tx->Commit().ok());
}

TEST_F(SpillingWriter, LeavesNoFileThatNothingNeeds) {
  Make("t");
  const CommittedTable done =
      Change("t", [](WriteTransaction& tx, const TableName& table) -> Result<void> {
        for (int round = 0; round < 20; ++round)
          TRY(tx.Upsert(table, RowsOf(Range(0, 200, std::to_string(round)))));
        return {};
      }).value();
  EXPECT_EQ(done.added_rows, 200);
  EXPECT_EQ(DataFiles("t"), 1u);
  EXPECT_EQ(Objects("t"), 1u);
  EXPECT_EQ(FilesOf("t")->Files(FileContent::kPositionDeletes).size(), 0u);
  EXPECT_EQ(Read("t").find(199)->second, "19");
  { EXPECT_TRUE(ChangeMuch(*writer_->Begin(), Name("t")).ok()); }
  EXPECT_EQ(Objects("t"), 1u);
  std::unique_ptr<WriteTransaction> tx = writer_->Begin();
  EXPECT_TRUE(ChangeMuch(*tx, Name("t")).ok());
  EXPECT_FALSE(tx->Commit([](meta::Tx&) { return MakeError(ErrorKind::kDiskFull, "no"); }).ok());
  tx.reset();
  EXPECT_EQ(Objects("t"), 1u);
}

TEST_F(SpillingWriter, TakesMoreRowsThanItHoldsButNotMoreKeys) {
  CloseLake();
  writer_options_.rows_bytes_max = 1u << 20;
  writer_options_.changes.keys_bytes_max = 8u << 20;
  OpenLake();
  Make("t");
  Make("u");
  const auto fill = [&](int64_t keys, int64_t rows) {
    std::unique_ptr<WriteTransaction> tx = writer_->Begin();
    Result<void> done;
    for (int64_t first = 0; first < rows && done.ok(); first += 10'000) {
      const int64_t at = first % keys;
      done = tx->Upsert(Name(first % 20'000 == 0 ? "t" : "u"),
                        RowsOf(Range(at, at + 10'000, std::string(40, 'x'))));
    }
    if (done.ok()) done = tx->Commit().ok() ? Result<void>() : MakeError(ErrorKind::kInternal, "");
    return done;
  };
  ASSERT_TRUE(fill(90'000, 360'000).ok());  // 20 MB of rows
  EXPECT_EQ(Read("t").size() + Read("u").size(), 180'000u);
  for (const char* name : {"t", "u"}) {
    const auto files = FilesOf(name)->Files(FileContent::kData);
    EXPECT_GT(files.size(), 2u);
    for (const SharedFile& file : files) EXPECT_LT(file->file.record_count, 50'000);
  }
  EXPECT_EQ(Delete("t", {5, 25'000, 89'999}).value().deleted_rows, 3);
  EXPECT_EQ(fill(1'000'000, 1'000'000).error().code, "lake.transaction_too_large");
}

TEST_F(WriterTest, FindsKeysAfterARestartAndWithoutItsIndexes) {
  writer_options_.changes.files.target_bytes = 1;
  ReopenLake();
  Make("t");
  Rows expected;
  for (int64_t part = 0; part < 3; ++part) {
    std::vector<std::pair<int64_t, std::string>> rows;
    for (int64_t i = 0; i < 40'000; ++i) rows.emplace_back(part * 40'000 + i, "old");
    ASSERT_TRUE(Append("t", rows).ok());
  }
  for (const bool keep : {true, true, false}) {
    ASSERT_TRUE(
        Upsert("t", {{7, "new"}, {40'007, "new"}, {110'000, "new"}, {500'000, "new"}}).ok());
    const Rows rows = Read("t");
    EXPECT_EQ(rows.size(), 120'001u);
    EXPECT_EQ(rows.count(7), 1u);
    EXPECT_EQ(rows.find(110'000)->second, "new");
    if (!keep) std::filesystem::remove_all(writer_options_.index_folder);
    ReopenLake();
  }
  EXPECT_EQ(Delete("t", {7, 500'000}).value().deleted_rows, 2);
}

TEST_F(WriterTest, DropsFilesWithoutRowsAndReplacesAll) {
  Make("t");
  ASSERT_TRUE(Append("t", {{1, "a"}, {2, "b"}}).ok());
  ASSERT_TRUE(Append("t", {{3, "c"}}).ok());
  ASSERT_TRUE(Delete("t", {1}).ok());
  ASSERT_TRUE(Delete("t", {2}).ok());
  EXPECT_EQ(FilesOf("t")->Files(FileContent::kData).size(), 1u);
  ASSERT_TRUE(Change("t", [](WriteTransaction& tx, const TableName& table) -> Result<void> {
                TRY(tx.Replace(table));
                return tx.Append(table, RowsOf({{9, "z"}}));
              }).ok());
  EXPECT_EQ(Read("t"), (Rows{{9, "z"}}));
  EXPECT_EQ(FilesOf("t")->Files(FileContent::kPositionDeletes).size(), 0u);
  EXPECT_EQ(Upsert("t", {{9, "y"}, {1, "back"}}).value().deleted_rows, 1);
  EXPECT_EQ(Read("t"), (Rows{{1, "back"}, {9, "y"}}));
}

// With the commit of one of them: rows by key find each table's own.
TEST_F(WriterTest, TablesExchangeTheirNamesWithTheirKeys) {
  Make("a");
  Make("b");
  ASSERT_TRUE(Upsert("a", {{1, "a"}, {2, "a"}}).ok());
  ASSERT_TRUE(Upsert("b", {{2, "b"}, {3, "b"}}).ok());
  const std::unique_ptr<WriteTransaction> late = writer_->Begin();
  ASSERT_TRUE(late->Upsert(Name("a"), RowsOf({{7, "late"}})).ok());
  const auto change = [&](bool fail) -> Result<void> {
    const std::unique_ptr<WriteTransaction> tx = writer_->Begin();
    TRY(tx->Upsert(Name("b"), RowsOf({{4, "b"}})));
    TRY(tx->Commit([&](meta::Tx& joined) -> Result<void> {
      TRY(catalog_->Exchange(joined, Name("a"), Name("b")));
      if (fail) return MakeError(ErrorKind::kUnavailable, "not now");
      return {};
    }));
    return {};
  };
  EXPECT_FALSE(change(true).ok());
  EXPECT_EQ(Read("a"), (Rows{{1, "a"}, {2, "a"}}));
  EXPECT_EQ(Read("b"), (Rows{{2, "b"}, {3, "b"}}));
  ASSERT_TRUE(change(false).ok());
  EXPECT_EQ(Read("a"), (Rows{{2, "b"}, {3, "b"}, {4, "b"}}));
  EXPECT_EQ(Read("b"), (Rows{{1, "a"}, {2, "a"}}));
  EXPECT_EQ(late->Commit().error().code, "table.changed");

  EXPECT_EQ(Upsert("a", {{1, "new"}, {2, "new"}}).value().deleted_rows, 1);
  EXPECT_EQ(Delete("b", {1, 3}).value().deleted_rows, 1);
  ReopenLake();
  EXPECT_EQ(Delete("a", {4, 7}).value().deleted_rows, 1);
  EXPECT_EQ(Read("a"), (Rows{{1, "new"}, {2, "new"}, {3, "b"}}));
  EXPECT_EQ(Read("b"), (Rows{{2, "a"}}));
}

TEST_F(WriterTest, ForgetsTheKeysOfATableThatIsGone) {
  std::vector<std::pair<int64_t, std::string>> rows;
  for (int64_t i = 0; i < 100'000; ++i) rows.emplace_back(i, "v");
  std::map<std::string, SharedMetadata> made;
  for (const char* name : {"t", "other"}) {
    Make(name);
    ASSERT_TRUE(Upsert(name, rows).ok());
    ASSERT_TRUE(Upsert(name, {{5, "new"}}).ok());
    made[name] = catalog_->Load(Name(name)).value().metadata;
  }
  const auto folder = [&](const char* name) {
    return std::filesystem::path(writer_options_.index_folder) / made[name]->uuid;
  };
  ASSERT_TRUE(std::filesystem::exists(folder("t")));
  ASSERT_TRUE(std::filesystem::exists(folder("other")));
  const std::weak_ptr<TableState> state = writer_->StateOf(made["t"]->uuid);
  ASSERT_TRUE(catalog_->Drop(Name("t"), true).ok());
  writer_->Forget(*made["t"]);
  EXPECT_TRUE(state.expired());
  EXPECT_FALSE(std::filesystem::exists(folder("t")));
  EXPECT_TRUE(std::filesystem::exists(folder("other")));
  writer_->Forget(*made["t"]);  // there is nothing more
  EXPECT_EQ(Delete("other", {5, 99'999}).value().deleted_rows, 2);
  Make("t");
  EXPECT_EQ(Upsert("t", {{5, "again"}}).value().deleted_rows, 0);
  EXPECT_EQ(Read("t"), (Rows{{5, "again"}}));
}

TEST_F(WriterTest, ChangesTablesTogetherOrNotAtAll) {
  Make("a");
  Make("b");
  const auto both = [&](const std::string& value, bool fail) {
    std::unique_ptr<WriteTransaction> tx = writer_->Begin();
    EXPECT_TRUE(tx->Upsert(Name("a"), RowsOf({{1, value}})).ok());
    EXPECT_TRUE(tx->Upsert(Name("b"), RowsOf({{1, value}})).ok());
    EXPECT_TRUE(tx->Note(Name("b"), "caudal.position.shop", value).ok());
    return tx->Commit([&](meta::Tx&) -> Result<void> {
      if (fail) return MakeError(ErrorKind::kConflict, "no");
      return {};
    });
  };
  EXPECT_TRUE(both("one", false).ok());
  EXPECT_FALSE(both("two", true).ok());
  EXPECT_EQ(Read("a"), (Rows{{1, "one"}}));
  EXPECT_EQ(Read("b"), (Rows{{1, "one"}}));
  const LoadedTable b = catalog_->Load(Name("b")).value();
  EXPECT_EQ(b.metadata->current_snapshot()->summary.at("caudal.position.shop"), "one");
  EXPECT_TRUE(both("three", false).ok());
  EXPECT_EQ(Read("a"), (Rows{{1, "three"}}));
}

TEST_F(WriterTest, SplitsRowsByPartition) {
  NewTable shape;
  shape.schema = Columns();
  shape.spec.fields.push_back({{1}, 1000, "id_bucket", Transform::Parse("bucket[4]").value()});
  shape.spec.fields.push_back({{2}, 1001, "name", Transform()});
  Make("t", shape);
  ASSERT_TRUE(Append("t", {{1, "a"}, {2, "b"}, {3, "a"}, {4, "b"}, {5, "a"}}).ok());
  for (const SharedFile& file : FilesOf("t")->Files(FileContent::kData)) {
    ASSERT_EQ(file->file.partition.size(), 2u);
    EXPECT_TRUE(std::holds_alternative<int32_t>(file->file.partition[0]));
  }
  ASSERT_TRUE(Upsert("t", {{1, "b"}, {5, "c"}}).ok());
  ASSERT_TRUE(Delete("t", {2, 3}).ok());
  EXPECT_EQ(Read("t"), (Rows{{1, "b"}, {4, "b"}, {5, "c"}}));
  ASSERT_TRUE(Upsert("t", {{1, "a"}}).ok());
  EXPECT_EQ(Read("t"), (Rows{{1, "a"}, {4, "b"}, {5, "c"}}));
}

TEST_F(WriterTest, RefusesWhatItCannotDo) {
  NewTable shape;
  shape.schema = Schema::Make(0, {Field{1, "id", Type(TypeKind::kLong), true},
                                  Field{2, "name", Type(TypeKind::kString)}})
                     .value();
  Make("keyless", shape);
  EXPECT_EQ(Upsert("keyless", {{1, "a"}}).error().code, "table.no_key");
  EXPECT_EQ(Upsert("absent", {{1, "a"}}).error().code, "table.not_found");
  Make("t");
  std::unique_ptr<WriteTransaction> tx = writer_->Begin();
  ASSERT_TRUE(tx->Append(Name("t"), RowsOf({{1, "a"}})).ok());
  const LoadedTable table = catalog_->Load(Name("t")).value();
  MetadataBuilder builder(*table.metadata);
  std::vector<Field> more = Columns().fields();
  more.push_back(Field{3, "more", Type(TypeKind::kInt)});
  ASSERT_TRUE(builder.AddSchema(Schema::Make(1, more, {1}).value()).ok());
  ASSERT_TRUE(builder.SetCurrentSchema(MetadataBuilder::kLastAdded).ok());
  std::vector<PreparedCommit> evolved(1);
  evolved[0] = {table, builder.Build(clock_.Now() / 1000).value(), {}};
  ASSERT_TRUE(catalog_->Publish(std::move(evolved)).ok());
  EXPECT_EQ(tx->Commit().error().code, "table.changed");
  EXPECT_EQ(Read("t"), Rows());
}

TEST_F(WriterTest, AFileLeavesTheTableWithItsRows) {
  Make("t");
  ASSERT_TRUE(Append("t", {{1, "a"}, {2, "b"}}).ok());
  ASSERT_TRUE(Append("t", {{3, "c"}}).ok());
  const LoadedTable table = catalog_->Load(Name("t")).value();
  const SharedFiles files = manifests_->Read(*table.metadata->current_snapshot()).value();
  const std::vector<SharedFile> data = files->Files(FileContent::kData);
  const SharedFile& first = data[0]->file.record_count == 2 ? data[0] : data[1];
  const auto remove = [&](WriteTransaction& tx, const TableName& name) {
    return tx.RemoveFile(name, first->file.path);
  };
  const CommittedTable done = Change("t", remove).value();
  EXPECT_EQ(done.deleted_rows, 2);
  EXPECT_EQ(done.metadata->current_snapshot()->operation(), "delete");
  EXPECT_EQ(Read("t"), (Rows{{3, "c"}}));
  const Result<CommittedTable> again = Change("t", remove);
  ASSERT_FALSE(again.ok());
  EXPECT_EQ(again.error().code, "table.file_gone");
  // Keys are looked for in what is left.
  ASSERT_TRUE(Upsert("t", {{1, "x"}, {3, "y"}}).ok());
  EXPECT_EQ(Read("t"), (Rows{{1, "x"}, {3, "y"}}));
}

TEST_F(WriterTest, MergesManifestsAndThinsSnapshots) {
  Make("t");
  Rows expected;
  for (int64_t i = 0; i < 150; ++i) {
    clock_.Advance(std::chrono::seconds(10));
    const std::string value = std::to_string(i);
    ASSERT_TRUE(Upsert("t", {{i % 40, value}, {1000 + i, value}}).ok());
    expected.erase(i % 40);
    expected.emplace(i % 40, value);
    expected.emplace(1000 + i, value);
  }
  EXPECT_EQ(Read("t"), expected);
  EXPECT_LT(FilesOf("t")->manifests.size(), 66u);
  // 25 minutes: six of the last minute, one of each before.
  const LoadedTable table = catalog_->Load(Name("t")).value();
  EXPECT_LT(table.metadata->snapshots.size(), 35u);
  EXPECT_GT(table.metadata->snapshots.size(), 28u);
  for (const Snapshot& snapshot : table.metadata->snapshots)
    EXPECT_GT(ReadSnapshot(*table.metadata, snapshot).size(), 1u);
}

TEST_F(WriterTest, WritersAtOnceLoseNothing) {
  Make("t");
  std::vector<std::thread> threads;
  for (int64_t t = 0; t < 4; ++t)
    threads.emplace_back([this, t] {
      for (int64_t i = 0; i < 20; ++i)
        ASSERT_TRUE(Upsert("t", {{t * 100 + i, "x"}, {1000, std::to_string(t)}}).ok());
    });
  // Another engine, through the catalogue.
  threads.emplace_back([this] {
    for (int i = 0; i < 20; ++i) {
      const TableChange change{
          Name("t"), Json::array(),
          Json::array({{{"action", "set-properties"}, {"updates", {{"k", std::to_string(i)}}}}})};
      ASSERT_TRUE(catalog_->Commit({change}).ok());
    }
  });
  for (std::thread& thread : threads) thread.join();
  const Rows rows = Read("t");
  EXPECT_EQ(rows.size(), 81u);
  EXPECT_EQ(rows.count(1000), 1u);
}

// Files end while others are written, each in a thread of its own.
TEST_F(WriterTest, ManyRowsGoIntoFilesAtOnce) {
  CloseLake();
  writer_options_.changes.files.spread_bytes = 1u << 20;
  writer_options_.changes.files.target_bytes = 2u << 20;
  OpenLake();
  Make("t");
  constexpr int64_t kRows = 400'000;
  const auto append = [&]() -> Result<CommittedTable> {
    return Change("t", [&](WriteTransaction& tx, const TableName& table) -> Result<void> {
      for (int64_t at = 0; at < kRows; at += 20'000) {
        std::vector<std::pair<int64_t, std::string>> rows;
        for (int64_t id = at; id < at + 20'000; ++id) rows.emplace_back(id, SystemRandom().Hex(20));
        TRY(tx.Append(table, RowsOf(rows)));
      }
      return {};
    });
  };
#if defined(CAUDAL_FAILPOINTS)
  ASSERT_TRUE(ArmFailpoints("lake.write.file=error").ok());
  EXPECT_FALSE(append().ok());
  DisarmFailpoints();
  EXPECT_EQ(Read("t").size(), 0u);
#endif
  const CommittedTable done = append().value();
  EXPECT_EQ(done.added_rows, kRows);
  const SharedFiles files = manifests_->Read(*done.metadata->current_snapshot()).value();
  EXPECT_GT(files->Files(FileContent::kData).size(), 1u);
  const Rows rows = Read("t");
  EXPECT_EQ(rows.size(), static_cast<size_t>(kRows));
  int64_t next = 0;
  for (const auto& [id, name] : rows) EXPECT_EQ(id, next++);
}

#if defined(CAUDAL_FAILPOINTS)
TEST_F(WriterTest, AFailureAtAnyStepChangesNothing) {
  Make("t");
  ASSERT_TRUE(Append("t", {{1, "a"}, {2, "b"}}).ok());
  for (const char* step : {"lake.write.file", "lake.write.deletes", "lake.write.prepared",
                           "lake.commit.move", "objects.publish"}) {
    ASSERT_TRUE(ArmFailpoints(std::string(step) + "=error").ok());
    EXPECT_FALSE(Upsert("t", {{1, "x"}, {3, "x"}}).ok()) << step;
    DisarmFailpoints();
    EXPECT_EQ(Read("t"), (Rows{{1, "a"}, {2, "b"}})) << step;
  }
  ASSERT_TRUE(Upsert("t", {{1, "x"}, {3, "x"}}).ok());
  EXPECT_EQ(Read("t"), (Rows{{1, "x"}, {2, "b"}, {3, "x"}}));
}
#endif

}  // namespace
}  // namespace caudal::lake
