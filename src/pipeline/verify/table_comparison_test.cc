#include "pipeline/verify/table_comparison.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <string>
#include <utility>

#include "data/batch_builder.h"
#include "data/test_batch.h"
#include "pipeline/verify/row_buckets.h"

namespace caudal::pipeline {
namespace {

Schema People(bool keyed) {
  return Schema::Make(
             0,
             {TestField(1, "id", Type(TypeKind::kLong), keyed),
              TestField(2, "name", Type(TypeKind::kString)),
              TestField(3, "_caudal", Type::Struct({TestField(4, "x", Type(TypeKind::kInt))}))},
             keyed ? std::vector<int32_t>{1} : std::vector<int32_t>{})
      .value();
}

// Rows by number and name, in batches of three.
class Side {
 public:
  explicit Side(Schema schema) : schema_(std::move(schema)) {}
  void Add(int64_t id, std::string name) { rows_.emplace_back(id, std::move(name)); }
  ReadAll reader() {
    return [this](const std::function<Result<void>(const Batch&)>& visit) -> Result<void> {
      ++reads;
      for (size_t first = 0; first < rows_.size(); first += 3) {
        BatchBuilder builder = BatchBuilder::Make(schema_).value();
        for (size_t i = first; i < std::min(first + 3, rows_.size()); ++i) {
          builder.column(0).AppendLong(rows_[i].first);
          builder.column(1).AppendBytes(rows_[i].second);
          builder.column(2).child(0).AppendInt(1);
          builder.column(2).AppendNested();
        }
        const Batch batch = builder.Finish().value();
        TRY(visit(batch));
      }
      return {};
    };
  }
  int reads = 0;

 private:
  Schema schema_;
  std::vector<std::pair<int64_t, std::string>> rows_;
};

struct Sides {
  explicit Sides(bool keyed) : schema(People(keyed)), source(schema), replica(schema) {
    if (keyed) codec = lake::KeyCodec::Make(schema, {1}).value();
  }
  TableComparison Compare(const ComparisonLimits& limits = {}) {
    return CompareRows(schema, codec, source.reader(), replica.reader(), limits).value();
  }

  Schema schema;
  std::optional<lake::KeyCodec> codec;
  Side source;
  Side replica;
};

TEST(TableComparison, OrderAndBatchesDoNotCount) {
  Sides sides(true);
  for (int64_t id = 0; id < 100; ++id) {
    sides.source.Add(id, "row " + std::to_string(id));
    sides.replica.Add(99 - id, "row " + std::to_string(99 - id));
  }
  const TableComparison found = sides.Compare();
  EXPECT_TRUE(found.equal());
  EXPECT_EQ(found.source_rows, 100);
  EXPECT_EQ(found.replica_rows, 100);
  EXPECT_EQ(sides.source.reads, 1);
}

TEST(TableComparison, ShowsWhatDiffersByKey) {
  Sides sides(true);
  for (int64_t id = 0; id < 50; ++id) {
    if (id != 7) sides.source.Add(id, "same");
    if (id != 9) sides.replica.Add(id, id == 3 ? "other" : "same");
  }
  sides.replica.Add(20, "same");  // twice
  const TableComparison found = sides.Compare();
  EXPECT_FALSE(found.equal());
  EXPECT_TRUE(found.complete);
  EXPECT_EQ(found.missing, 1);
  EXPECT_EQ(found.extra, 1);
  EXPECT_EQ(found.changed, 2);
  ASSERT_EQ(found.shown.size(), 4u);
  EXPECT_EQ(found.shown[0].kind, DifferenceKind::kMissing);
  EXPECT_EQ(found.shown[0].key, Json({{"id", "9"}}));
  EXPECT_EQ(found.shown[1].kind, DifferenceKind::kExtra);
  EXPECT_EQ(found.shown[1].key, Json({{"id", "7"}}));
  EXPECT_EQ(found.shown[2].key, Json({{"id", "20"}}));
  EXPECT_TRUE(found.shown[2].columns.empty());
  ASSERT_EQ(found.shown[3].columns.size(), 1u);
  EXPECT_EQ(found.shown[3].columns[0].name, "name");
  EXPECT_EQ(found.shown[3].columns[0].source, Json("same"));
  EXPECT_EQ(found.shown[3].columns[0].replica, Json("other"));
  EXPECT_EQ(found.keys.rows(), 4);
}

TEST(TableComparison, CountsRowsThatAreAlikeWithoutAKey) {
  Sides sides(false);
  for (int i = 0; i < 5; ++i) sides.source.Add(1, "one");
  for (int i = 0; i < 3; ++i) sides.replica.Add(1, "one");
  sides.replica.Add(2, "two");
  const TableComparison found = sides.Compare();
  EXPECT_EQ(found.missing, 2);
  EXPECT_EQ(found.extra, 1);
  EXPECT_EQ(found.changed, 0);
  ASSERT_EQ(found.shown.size(), 2u);
  EXPECT_EQ(found.shown[0].rows, 2);
  EXPECT_EQ(found.shown[0].key, Json({{"id", "1"}, {"name", "one"}}));
}

TEST(TableComparison, SaysWhenItGivesUpCounting) {
  Sides sides(true);
  for (int64_t id = 0; id < 1000; ++id) {
    sides.source.Add(id, "same");
    sides.replica.Add(id, "other");
  }
  ComparisonLimits limits;
  limits.rows_at_once = 50;
  limits.rounds = 3;
  limits.shown = 10;
  const TableComparison few = sides.Compare(limits);
  EXPECT_FALSE(few.complete);
  EXPECT_FALSE(few.equal());
  EXPECT_GT(few.changed, 0);
  EXPECT_LE(few.changed, 100);
  EXPECT_EQ(few.shown.size(), 10u);
  EXPECT_EQ(sides.source.reads, 1 + 3 + 1);

  limits.rounds = 1000;
  EXPECT_EQ(sides.Compare(limits).changed, 1000);
  limits.differences = 20;
  const TableComparison cut = sides.Compare(limits);
  EXPECT_FALSE(cut.complete);
  EXPECT_EQ(cut.changed, 20);
  EXPECT_EQ(cut.keys.rows(), 20);
}

TEST(TableComparison, GivesTheReadersErrors) {
  Sides sides(true);
  const ReadAll broken = [](const auto&) -> Result<void> {
    return MakeError(ErrorKind::kUnavailable, "gone", "test");
  };
  const auto found = CompareRows(sides.schema, sides.codec, sides.source.reader(), broken);
  ASSERT_FALSE(found.ok());
  EXPECT_EQ(found.error().code, "test");
}

TEST(RowDigest, EveryValueOfEveryTypeCounts) {
  const Schema schema = SchemaOfEverything();
  const Batch rows = RandomRows(7).NextBatch(schema, 200);
  const Batch others = RandomRows(8).NextBatch(schema, 200);
  RowDigester digester;
  std::vector<RowDigest> digests;
  digester.Digest(rows, digests);
  // The same rows, appended one by one, in other memory.
  BatchBuilder builder = BatchBuilder::Make(schema).value();
  for (int64_t row = 0; row < rows.rows(); ++row)
    for (size_t i = 0; i < rows.columns().size(); ++i)
      builder.column(i).AppendRows(rows.column(i), row, 1);
  const Batch copy = builder.Finish().value();
  std::vector<RowDigest> again;
  digester.Digest(copy, again);
  EXPECT_EQ(digests, again);
  digester.Digest(copy.Slice(50, 100), again);
  EXPECT_EQ(std::vector<RowDigest>(digests.begin() + 50, digests.begin() + 150), again);
  // One column of another row at a time.
  for (size_t i = 0; i < rows.columns().size(); ++i) {
    std::vector<Array> columns = rows.columns();
    columns[i] = others.column(i);
    digester.Digest(Batch(rows.rows(), columns), again);
    int64_t different = 0;
    for (size_t row = 0; row < again.size(); ++row) different += again[row] != digests[row] ? 1 : 0;
    EXPECT_GT(different, 20) << schema.fields()[i].name;
  }
}

RowDigest DigestOfOne(const Type& type, const std::function<void(ColumnBuilder&)>& append) {
  ColumnBuilder builder(type);
  append(builder);
  RowDigester digester;
  std::vector<RowDigest> digests;
  digester.Digest(Batch(1, {builder.Finish()}), digests);
  return digests[0];
}

TEST(RowDigest, NullsAndWhatIsEmptyDiffer) {
  const auto all_differ = [](std::vector<RowDigest> digests) {
    std::ranges::sort(digests);
    return std::ranges::adjacent_find(digests) == digests.end();
  };
  const Type text(TypeKind::kString);
  const auto string = [&](std::string_view value) {
    return DigestOfOne(text, [&](ColumnBuilder& column) { column.AppendBytes(value); });
  };
  EXPECT_TRUE(all_differ({DigestOfOne(text, [](ColumnBuilder& column) { column.AppendNull(); }),
                          string(""), string(std::string_view("\0", 1)), string("ab")}));

  const Type list = Type::List(TestField(1, "", text));
  const auto strings = [&](const std::vector<std::string>& values) {
    return DigestOfOne(list, [&](ColumnBuilder& column) {
      for (const std::string& value : values) column.child(0).AppendBytes(value);
      column.AppendNested();
    });
  };
  const RowDigest null_in_list = DigestOfOne(list, [](ColumnBuilder& column) {
    column.child(0).AppendNull();
    column.AppendNested();
  });
  EXPECT_TRUE(all_differ({DigestOfOne(list, [](ColumnBuilder& column) { column.AppendNull(); }),
                          strings({}), null_in_list, strings({""}), strings({"ab"}),
                          strings({"a", "b"}), strings({"b", "a"})}));
}

TEST(RowBuckets, NameThoseWhoseRowsDiffer) {
  RowBuckets left;
  RowBuckets right;
  const RowDigest key = DigestOf("key");
  const RowDigest row = DigestOf("row");
  left.Add(key, row);
  left.Add(DigestOf("other"), row);
  right.Add(DigestOf("other"), row);
  right.Add(key, row);
  EXPECT_TRUE(left.DifferentFrom(right).empty());
  right.Add(key, row);
  EXPECT_EQ(left.DifferentFrom(right), std::vector<size_t>{RowBuckets::BucketOf(key)});
  EXPECT_EQ(right.rows(RowBuckets::BucketOf(key)), 2);
}

}  // namespace
}  // namespace caudal::pipeline
