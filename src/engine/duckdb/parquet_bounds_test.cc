// What is counted of a file while it is written, against what DuckDB finds in it: a wrong bound
// loses rows silently.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cmath>

#include "data/digest.h"
#include "engine/duckdb/test_parquet.h"
#include "engine/quoting.h"

namespace caudal::engine {
namespace {

// Where `value` stands to the values that `bound` may have been cut from: at or below -1, at or
// above 1 surely so; else 0.
int Beyond(const Type& type, const Value& value, const Value& bound) {
  if (const auto* text = std::get_if<std::string>(&value);
      text != nullptr && !type.Is(TypeKind::kUuid))
    if (text->starts_with(std::get<std::string>(bound))) return 0;
  const bool zeros = value == bound;  // -0.0 == 0.0
  return zeros ? 0 : Compare(value, bound);
}

bool IsNaN(const Value& value) {
  if (const auto* f = std::get_if<float>(&value)) return std::isnan(*f);
  if (const auto* d = std::get_if<double>(&value)) return std::isnan(*d);
  return false;
}

// Whether the file can be left out for `column op value`.
bool CanLeaveOut(const ColumnStats& stats, std::string_view op, const Value& value) {
  if (stats.nulls == stats.values) return true;
  const bool lower = !IsNull(stats.least);
  const bool upper = !IsNull(stats.greatest);
  const int to_least = lower ? Beyond(stats.type, value, stats.least) : 0;
  const int to_greatest = upper ? Beyond(stats.type, value, stats.greatest) : 0;
  if (op == "<") return lower && (to_least < 0 || value == stats.least);
  if (op == "<=") return to_least < 0;
  if (op == ">") return to_greatest > 0;
  if (op == ">=") return to_greatest > 0;
  return to_least < 0 || to_greatest > 0;  // =
}

TEST(ParquetBounds, LoseNoRows) {
  TestParquet test;
  const Schema schema = SchemaOfPlainTypes();
  const std::vector<caudal::Field>& fields = schema.fields();
  int left_out = 0;
  for (uint64_t seed = 0; seed < 25; ++seed) {
    RandomRows random(seed);
    const std::string path = test.NewPath();
    const ParquetFile file =
        test.Write(path, schema,
                   {random.NextBatch(schema, 1 + static_cast<int64_t>(random.Below(6)), 4),
                    random.NextBatch(schema, 1 + static_cast<int64_t>(random.Below(6)), 4)});
    for (size_t i = 0; i < fields.size(); ++i) {
      const ColumnStats& stats = file.columns[i].stats;
      const std::string from = " FROM " + QuoteText(path) + " WHERE " + fields[i].name;
      EXPECT_EQ(test.Number("SELECT count(*)" + from + " IS NULL"), stats.nulls);
      EXPECT_EQ(stats.values, file.rows);
      for (int round = 0; round < 8; ++round) {
        Value value = random.NextValue(stats.type, round % 2 == 0);
        if (round == 6 && !IsNull(stats.least)) value = stats.least;
        if (round == 7 && !IsNull(stats.greatest)) value = stats.greatest;
        if (IsNaN(value)) continue;
        for (const char* op : {"=", "<", "<=", ">", ">="}) {
          if (!CanLeaveOut(stats, op, value)) continue;
          ++left_out;
          const std::string literal = Literal(stats.type, value);
          EXPECT_EQ(test.Number(fmt::format("SELECT count(*){} {} {}", from, op, literal)), 0)
              << stats.type.Text() << " " << op << " " << literal;
        }
      }
    }
  }
  EXPECT_GT(left_out, 1000);
}

// And they are as tight as they can be: DuckDB finds the same least and greatest values.
TEST(ParquetBounds, AreReached) {
  TestParquet test;
  const Schema schema = SchemaOfPlainTypes();
  const std::vector<caudal::Field>& fields = schema.fields();
  for (uint64_t seed = 100; seed < 110; ++seed) {
    RandomRows random(seed);
    const std::string path = test.NewPath();
    const ParquetFile file = test.Write(path, schema, {random.NextBatch(schema, 40)});
    for (size_t i = 0; i < fields.size(); ++i) {
      const ColumnStats& stats = file.columns[i].stats;
      const std::string& name = fields[i].name;
      const bool cut = stats.type.Is(TypeKind::kString) || stats.type.Is(TypeKind::kBinary);
      for (const Value& bound : {stats.least, stats.greatest}) {
        if (IsNull(bound)) continue;
        // A cut bound is the beginning of a value that is there.
        const std::string literal = Literal(stats.type, bound);
        const std::string what = cut ? fmt::format("starts_with(hex({}), hex({}))", name, literal)
                                     : fmt::format("{} = {}", name, literal);
        EXPECT_GT(
            test.Number(fmt::format("SELECT count(*) FROM {} WHERE {}", QuoteText(path), what)), 0)
            << stats.type.Text() << " " << what;
      }
    }
  }
}

}  // namespace
}  // namespace caudal::engine
