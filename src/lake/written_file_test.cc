// Bounds of written files, as other engines use them: whatever they leave out must not be there.
#include "lake/written_file.h"

#include <fmt/format.h>

#include "engine/duckdb/test_parquet.h"
#include "lake/files/paths.h"
#include "lake/format/bounds.h"
#include "objects/store_fixture.h"

namespace caudal::lake {
namespace {

// Below, inside or above [lower, upper]; bounds that are missing bound nothing.
int Outside(const Type& type, const Value& value, const std::string* lower,
            const std::string* upper) {
  if (lower != nullptr && Compare(value, DecodeValue(type, *lower).value()) < 0) return -1;
  if (upper != nullptr && Compare(value, DecodeValue(type, *upper).value()) > 0) return 1;
  return 0;
}

TEST(WrittenFile, IsLeftOutForNoRowThatItHas) {
  engine::TestParquet test;
  const Schema schema = engine::SchemaOfPlainTypes();
  int left_out = 0;
  for (uint64_t seed = 0; seed < 25; ++seed) {
    RandomRows random(seed);
    const std::string path = test.NewPath();
    const Batch batch = random.NextBatch(schema, 1 + static_cast<int64_t>(random.Below(10)), 4);
    const DataFile file = DescribeFile(test.Write(path, schema, {batch}), "file://" + path);
    EXPECT_EQ(file.record_count, batch.rows());
    for (const Field& field : schema.fields()) {
      const std::string* lower = FindById(file.lower_bounds, field.id);
      const std::string* upper = FindById(file.upper_bounds, field.id);
      EXPECT_EQ(*FindById(file.null_value_counts, field.id),
                batch.column(static_cast<size_t>(field.id - 1)).null_count());
      for (int round = 0; round < 10; ++round) {
        const Value value = random.NextValue(field.type, round % 2 == 0);
        // NaN isn't bounded: engines look at its count.
        if (value != value) continue;
        const int outside = Outside(field.type, value, lower, upper);
        if (outside == 0) continue;
        ++left_out;
        for (const char* op : {"=", outside < 0 ? "<=" : ">="}) {
          const std::string literal = engine::Literal(field.type, value);
          EXPECT_EQ(test.Number(fmt::format("SELECT count(*) FROM {} WHERE {} {} {}",
                                            engine::QuoteText(path), field.name, op, literal)),
                    0)
              << field.type.Text() << op << literal;
        }
      }
    }
  }
  EXPECT_GT(left_out, 500);
}

TEST(WrittenFile, DescribesNestedColumnsById) {
  engine::TestParquet test;
  const Schema schema = SchemaOfEverything();
  RandomRows random(1);
  const std::string path = test.NewPath();
  const DataFile file =
      DescribeFile(test.Write(path, schema, {random.NextBatch(schema, 100)}), "gs://b/data/1");
  EXPECT_EQ(file.path, "gs://b/data/1");
  EXPECT_EQ(file.split_offsets, std::vector<int64_t>{4});
  EXPECT_TRUE(std::ranges::is_sorted(file.column_sizes));
  size_t leaves = 0;
  for (const Field* field : schema.AllFields()) {
    EXPECT_EQ(FindById(file.value_counts, field->id) != nullptr, !field->type.nested());
    leaves += field->type.nested() ? 0 : 1;
    const bool repeated = schema.FullNameOf(field->id).find("element") != std::string_view::npos ||
                          schema.FullNameOf(field->id).find(".key") != std::string_view::npos ||
                          schema.FullNameOf(field->id).find(".value") != std::string_view::npos;
    if (repeated) {
      EXPECT_EQ(FindById(file.lower_bounds, field->id), nullptr);
    }
  }
  EXPECT_EQ(file.column_sizes.size(), leaves);
  EXPECT_EQ(file.nan_value_counts.size(), 3u);
}

class DescribedObject : public objects::StoreFixture {};

// What the writer counted, and what is counted of the rows read again, is the same.
TEST_F(DescribedObject, IsWhatItsWriterSaid) {
  engine::TestParquet test;
  const Schema schema = SchemaOfEverything();
  const auto publish = [&](const std::string& uri, const std::string& path) {
    std::vector<objects::FileToPublish> files(1);
    files[0] = PublishFile(uri, path).value();
    return store_->PublishAll(std::move(files));
  };
  ASSERT_TRUE(store_->CreateBucket("landing", {}).ok());
  for (uint64_t seed = 0; seed < 8; ++seed) {
    RandomRows random(seed);
    const std::string path = test.NewPath();
    engine::ParquetWriteOptions options;
    options.row_group_rows = 2048;
    const std::string uri = "gs://landing/" + std::to_string(seed) + ".parquet";
    const DataFile written = DescribeFile(
        test.Write(path, schema, {random.NextBatch(schema, 1 + seed * 700)}, options), uri);
    ASSERT_TRUE(publish(uri, path).ok());
    EXPECT_EQ(DescribeObject(*store_, test.database(), uri, schema).value(), written);
    int64_t pages = 0;
    for (const auto& [id, bytes] : written.column_sizes) pages += bytes;
    EXPECT_LT(pages, written.file_size_bytes);
    EXPECT_GT(pages * 10, written.file_size_bytes * (seed < 4 ? 1 : 7));  // the rest is the footer
    // As the table is later: with a column more, and one less.
    std::vector<Field> fields(schema.fields().begin() + 1, schema.fields().end());
    fields.push_back(TestField(900, "later", Type(TypeKind::kLong)));
    const Schema later = Schema::Make(1, std::move(fields)).value();
    const DataFile then = DescribeObject(*store_, test.database(), uri, later).value();
    EXPECT_EQ(then.record_count, written.record_count);
    EXPECT_EQ(FindById(then.value_counts, 900), nullptr);
    EXPECT_EQ(FindById(then.value_counts, schema.fields()[0].id), nullptr);
    EXPECT_EQ(then.value_counts.size() + 1, written.value_counts.size());
  }
  const auto refused = [&](const std::string& uri) {
    return DescribeObject(*store_, test.database(), uri, schema).error().kind;
  };
  EXPECT_EQ(refused("gs://landing/none"), ErrorKind::kNotFound);
  EXPECT_EQ(refused("s3://landing/none"), ErrorKind::kInvalid);
  ASSERT_TRUE(store_->Put({.bucket = "landing", .name = "text"}, "no parquet, surely").ok());
  EXPECT_EQ(refused("gs://landing/text"), ErrorKind::kInvalid);
}

}  // namespace
}  // namespace caudal::lake
