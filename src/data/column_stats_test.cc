#include "data/column_stats.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "base/random.h"
#include "data/batch_builder.h"
#include "data/test_batch.h"

namespace caudal {
namespace {

ColumnStats StatsOf(const Type& type, const std::vector<Value>& values) {
  const Schema schema = Schema::Make(0, {{7, "c", type, false, {}, {}, {}}}).value();
  BatchBuilder builder = BatchBuilder::Make(schema).value();
  StatsCollector collector(schema);
  for (size_t i = 0; i < values.size(); ++i) {
    builder.column(0).AppendValue(values[i]);
    if (i % 3 == 2) collector.Add(builder.Finish().value());
  }
  collector.Add(builder.Finish().value());
  EXPECT_EQ(collector.Columns().size(), 1u);
  return collector.Columns()[0];
}

TEST(ColumnStats, OfNumbers) {
  const ColumnStats stats =
      StatsOf(Type(TypeKind::kLong), {{}, int64_t{5}, int64_t{-7}, {}, int64_t{9}});
  EXPECT_EQ(stats.field_id, 7);
  EXPECT_EQ(stats.values, 5);
  EXPECT_EQ(stats.nulls, 2);
  EXPECT_EQ(stats.least, Value(int64_t{-7}));
  EXPECT_EQ(stats.greatest, Value(int64_t{9}));
  EXPECT_TRUE(IsNull(StatsOf(Type(TypeKind::kInt), {{}, {}}).least));
}

TEST(ColumnStats, LeaveNaNsOut) {
  const double infinity = std::numeric_limits<double>::infinity();
  const double nan = std::nan("");
  const ColumnStats stats = StatsOf(Type(TypeKind::kDouble), {nan, -infinity, -nan, 3.0, {}, nan});
  EXPECT_EQ(stats.nans, 3);
  EXPECT_EQ(stats.nulls, 1);
  EXPECT_EQ(stats.least, Value(-infinity));
  EXPECT_TRUE(IsNull(stats.greatest));
  EXPECT_EQ(StatsOf(Type(TypeKind::kDouble), {-infinity, 3.0}).greatest, Value(3.0));
  EXPECT_TRUE(IsNull(StatsOf(Type(TypeKind::kFloat), {std::nanf("")}).greatest));
}

TEST(ColumnStats, OfStringsAreCut) {
  std::string text;
  for (int i = 0; i < 30; ++i) text += "ñ";
  const ColumnStats stats = StatsOf(Type(TypeKind::kString), {text, "z" + text, std::string("b")});
  EXPECT_EQ(stats.least, Value(std::string("b")));
  EXPECT_EQ(stats.greatest, Value(text.substr(0, 34)));
  const ColumnStats bytes = StatsOf(Type(TypeKind::kBinary), {std::string(40, '\xff'), {}});
  EXPECT_EQ(bytes.least, Value(std::string(17, '\xff')));
}

// Least and greatest of the cut values, whatever order they come in.
TEST(ColumnStats, OfCutValuesAreThoseOfTheWhole) {
  SeededRandom random(3);
  for (int round = 0; round < 500; ++round) {
    std::vector<Value> values;
    std::vector<std::string> cut;
    for (int i = 0; i < 6; ++i) {
      std::string value(15 + random.Below(5), 'a');
      for (size_t k = 14; k < value.size(); ++k)
        value[k] = static_cast<char>('a' + random.Below(3));
      cut.push_back(value.substr(0, kStatsLength));
      values.emplace_back(std::move(value));
    }
    const ColumnStats stats = StatsOf(Type(TypeKind::kString), values);
    EXPECT_EQ(stats.least, Value(*std::min_element(cut.begin(), cut.end())));
    EXPECT_EQ(stats.greatest, Value(*std::max_element(cut.begin(), cut.end())));
  }
}

// Value by value, with Compare.
TEST(ColumnStats, OfEveryTypeAreThoseOfItsValues) {
  RandomRows rows(11);
  for (const Type& type : PlainTypes())
    for (int round = 0; round < 60; ++round) {
      const Schema schema = Schema::Make(0, {TestField(7, "c", type)}).value();
      const uint64_t null_every = rows.Below(4);
      StatsCollector collector(schema);
      Value least;
      Value greatest;
      int64_t nulls = 0;
      int64_t nans = 0;
      const auto nan = [](const Value& v) {
        if (const auto* real = std::get_if<double>(&v)) return std::isnan(*real);
        const auto* real = std::get_if<float>(&v);
        return real != nullptr && std::isnan(*real);
      };
      for (uint64_t part = 0; part <= rows.Below(3); ++part) {
        const Batch batch =
            rows.NextBatch(schema, static_cast<int64_t>(rows.Below(40)), null_every);
        collector.Add(batch);
        for (int64_t row = 0; row < batch.rows(); ++row) {
          const Value v = batch.column(0).At(row);
          nulls += IsNull(v) ? 1 : 0;
          nans += nan(v) ? 1 : 0;
          if (IsNull(v) || nan(v)) continue;
          if (IsNull(least) || Compare(v, least) < 0) least = v;
          if (IsNull(greatest) || Compare(v, greatest) > 0) greatest = v;
        }
      }
      const ColumnStats stats = collector.Columns()[0];
      EXPECT_EQ(stats.nulls, nulls) << type.Text();
      EXPECT_EQ(stats.nans, nans) << type.Text();
      // Equal, not the same: of -0.0 and 0.0 either. Bytes are cut.
      const auto cut = [&](const Value& v) -> Value {
        const auto* bytes = std::get_if<std::string>(&v);
        if (bytes == nullptr || !type.Is(TypeKind::kBinary)) return v;
        return bytes->substr(0, kStatsLength);
      };
      if (type.Is(TypeKind::kString)) {
        EXPECT_EQ(IsNull(stats.least), IsNull(least));
        if (IsNull(least)) continue;
        EXPECT_TRUE(std::get<std::string>(least).starts_with(std::get<std::string>(stats.least)));
        EXPECT_TRUE(
            std::get<std::string>(greatest).starts_with(std::get<std::string>(stats.greatest)));
        continue;
      }
      EXPECT_EQ(stats.least, cut(least)) << type.Text();
      EXPECT_EQ(stats.greatest, nans > 0 ? Value() : cut(greatest)) << type.Text();
    }
}

TEST(ColumnStats, OfNestedFields) {
  const Type point = Type::Struct({{2, "x", Type(TypeKind::kDouble), false, {}, {}, {}},
                                   {3, "y", Type(TypeKind::kInt), false, {}, {}, {}}});
  const Type list = Type::List({5, "", Type(TypeKind::kDouble), false, {}, {}, {}});
  const Schema schema = Schema::Make(0, {{1, "point", point, false, {}, {}, {}},
                                         {4, "list", list, false, {}, {}, {}},
                                         {6, "last", Type(TypeKind::kInt), false, {}, {}, {}}})
                            .value();
  BatchBuilder builder = BatchBuilder::Make(schema).value();
  for (int i = 0; i < 4; ++i) {
    if (i == 2) {
      builder.column(0).AppendNull();
    } else {
      builder.column(0).child(0).AppendDouble(i);
      builder.column(0).child(1).AppendInt(-i);
      builder.column(0).AppendNested();
    }
    builder.column(1).child(0).AppendDouble(std::nan(""));
    builder.column(1).child(0).AppendNull();
    builder.column(1).AppendNested();
    builder.column(2).AppendInt(i);
  }
  StatsCollector collector(schema);
  collector.Add(builder.Finish().value().Slice(1, 3));
  const std::vector<ColumnStats> columns = collector.Columns();
  ASSERT_EQ(columns.size(), 4u);
  EXPECT_EQ(columns[0].field_id, 2);
  EXPECT_EQ(columns[0].nulls, 1);
  EXPECT_EQ(columns[0].least, Value(1.0));
  EXPECT_EQ(columns[1].least, Value(int32_t{-3}));
  EXPECT_EQ(columns[2].field_id, 5);
  EXPECT_EQ(columns[2].values, 6);
  EXPECT_EQ(columns[2].nulls, 3);
  EXPECT_EQ(columns[2].nans, 3);
  EXPECT_TRUE(IsNull(columns[2].least));
  EXPECT_EQ(columns[3].field_id, 6);
  EXPECT_EQ(columns[3].greatest, Value(int32_t{3}));
}

}  // namespace
}  // namespace caudal
