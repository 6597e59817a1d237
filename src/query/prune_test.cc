#include "query/prune.h"

#include <gmock/gmock.h>

#include <limits>

#include "lake/format/bounds.h"

namespace caudal::query {
namespace {

using Kind = Condition::Kind;

Literal Number(int64_t number, int scale = 0) {
  Literal literal;
  literal.kind = Literal::Kind::kNumber;
  literal.number = number;
  literal.scale = scale;
  return literal;
}
Literal Real(double real) {
  Literal literal;
  literal.kind = Literal::Kind::kReal;
  literal.real = real;
  return literal;
}
Literal Written(const std::string& text) {
  Literal literal;
  literal.text = text;
  literal.written = true;
  return literal;
}

Condition Is(Kind kind, const Type& type, std::vector<Literal> values) {
  return {kind, {}, 1, type, std::move(values)};
}

class PruneTest : public testing::Test {
 protected:
  PruneTest() {
    file_.file.record_count = 10;
    metadata_.specs.push_back({});
  }
  // Bounds as Caudal writes them, and no nulls.
  void SetBounds(const Type& type, const Value& least, const Value& greatest) {
    const lake::Bounds bounds = lake::MakeBounds(type, least, greatest);
    file_.file.lower_bounds.clear();
    file_.file.upper_bounds.clear();
    if (bounds.lower) file_.file.lower_bounds.emplace_back(1, *bounds.lower);
    if (bounds.upper) file_.file.upper_bounds.emplace_back(1, *bounds.upper);
    SetNulls(0);
  }
  void SetNulls(int64_t nulls) {
    file_.file.value_counts = {{1, 10}};
    file_.file.null_value_counts = {{1, nulls}};
  }
  void SetPartition(const std::string& transform, const Value& value) {
    lake::PartitionField field;
    field.source_ids = {1};
    field.name = "p";
    field.transform = lake::Transform::Parse(transform).value();
    metadata_.specs[0].fields = {field};
    file_.file.partition = {value};
  }
  bool May(const Condition& condition) const { return MayMatch(condition, file_, metadata_); }

  lake::LiveFile file_;
  lake::TableMetadata metadata_;
};

TEST_F(PruneTest, ComparesNumbers) {
  const Type type(TypeKind::kLong);
  SetBounds(type, Value(int64_t{10}), Value(int64_t{20}));
  EXPECT_FALSE(May(Is(Kind::kEqual, type, {Number(9)})));
  EXPECT_TRUE(May(Is(Kind::kEqual, type, {Number(10)})));
  EXPECT_TRUE(May(Is(Kind::kEqual, type, {Number(9), Number(20)})));
  EXPECT_FALSE(May(Is(Kind::kLess, type, {Number(10)})));
  EXPECT_TRUE(May(Is(Kind::kLessOrEqual, type, {Number(10)})));
  EXPECT_FALSE(May(Is(Kind::kGreater, type, {Number(20)})));
  EXPECT_TRUE(May(Is(Kind::kGreaterOrEqual, type, {Number(20)})));
  // What isn't exactly of the type is the engine's to compare.
  EXPECT_TRUE(May(Is(Kind::kEqual, type, {Number(55, 1)})));
  EXPECT_TRUE(May(Is(Kind::kEqual, type, {Real(5)})));
  EXPECT_TRUE(May(Is(Kind::kEqual, type, {Written("5")})));
}

TEST_F(PruneTest, ReadsBoundsOfANarrowerType) {
  SetBounds(Type(TypeKind::kInt), Value(int32_t{10}), Value(int32_t{20}));
  EXPECT_FALSE(May(Is(Kind::kEqual, Type(TypeKind::kLong), {Number(21)})));
  EXPECT_TRUE(May(Is(Kind::kEqual, Type(TypeKind::kLong), {Number(15)})));
  file_.file.lower_bounds = {{1, "???"}};
  file_.file.upper_bounds = {{1, "???"}};
  EXPECT_TRUE(May(Is(Kind::kEqual, Type(TypeKind::kLong), {Number(21)})));
}

TEST_F(PruneTest, KeepsWhatIsNotKnown) {
  const Type type(TypeKind::kLong);
  EXPECT_TRUE(May(Is(Kind::kEqual, type, {Number(9)})));
  EXPECT_TRUE(May(Is(Kind::kIsNull, type, {})));
  EXPECT_TRUE(May(Is(Kind::kIsNotNull, type, {})));
  EXPECT_TRUE(May({}));
}

TEST_F(PruneTest, CountsNulls) {
  const Type type(TypeKind::kLong);
  SetNulls(0);
  EXPECT_FALSE(May(Is(Kind::kIsNull, type, {})));
  SetNulls(3);
  EXPECT_TRUE(May(Is(Kind::kIsNull, type, {})));
  EXPECT_TRUE(May(Is(Kind::kIsNotNull, type, {})));
  SetNulls(10);
  EXPECT_FALSE(May(Is(Kind::kIsNotNull, type, {})));
  EXPECT_FALSE(May(Is(Kind::kEqual, type, {Number(1)})));
}

TEST_F(PruneTest, MindsNansAndZeros) {
  const Type type(TypeKind::kDouble);
  SetBounds(type, Value(0.0), Value(1.0));
  EXPECT_TRUE(May(Is(Kind::kEqual, type, {Real(-0.0)})));
  EXPECT_FALSE(May(Is(Kind::kLess, type, {Real(-1)})));
  EXPECT_FALSE(May(Is(Kind::kEqual, type, {Real(2)})));
  EXPECT_TRUE(May(Is(Kind::kEqual, type, {Real(1.0000000001)}))) << "0.1 may be rounded";
  EXPECT_TRUE(May(Is(Kind::kGreater, type, {Real(2)}))) << "a NaN is above all";
  file_.file.nan_value_counts = {{1, 0}};
  EXPECT_FALSE(May(Is(Kind::kGreater, type, {Real(2)})));
  file_.file.nan_value_counts = {{1, 1}};
  EXPECT_TRUE(May(Is(Kind::kGreater, type, {Real(2)})));
  EXPECT_FALSE(May(Is(Kind::kLess, type, {Number(-1)})));
}

TEST_F(PruneTest, MindsCutTexts) {
  const Type type(TypeKind::kString);
  const std::string least = "aaaaaaaaaaaaaaaaaaaaaaaa";
  const std::string greatest = "bbbbbbbbbbbbbbbbbbbbbbbb";
  SetBounds(type, Value(least), Value(greatest));
  EXPECT_TRUE(May(Is(Kind::kEqual, type, {Written(least)})));
  EXPECT_TRUE(May(Is(Kind::kEqual, type, {Written(greatest)})));
  EXPECT_FALSE(May(Is(Kind::kEqual, type, {Written("c")})));
  EXPECT_FALSE(May(Is(Kind::kLess, type, {Written("a")})));
  // No upper bound can be made of these.
  const std::string last = std::string(20 * 4, '\xF4');
  SetBounds(type, Value(std::string("a")), Value(last));
  EXPECT_TRUE(May(Is(Kind::kGreater, type, {Written("zzz")})));
}

TEST_F(PruneTest, ComparesDatesAndDecimals) {
  const Type date(TypeKind::kDate);
  SetBounds(date, Value(int32_t{18'262}), Value(int32_t{18'263}));  // 2020-01-01, -02
  EXPECT_TRUE(May(Is(Kind::kEqual, date, {Written("2020-01-02")})));
  EXPECT_FALSE(May(Is(Kind::kEqual, date, {Written("2020-01-03")})));
  EXPECT_TRUE(May(Is(Kind::kLess, date, {Written("2019-12-31 00:00:01")})));
  EXPECT_TRUE(May(Is(Kind::kLess, date, {Written("infinity")})));
  const Type decimal = Type::Decimal(9, 2);
  SetBounds(decimal, Value(Int128{100}), Value(Int128{250}));  // 1.00, 2.50
  EXPECT_TRUE(May(Is(Kind::kEqual, decimal, {Number(25, 1)})));
  EXPECT_FALSE(May(Is(Kind::kGreater, decimal, {Number(25, 1)})));
  EXPECT_FALSE(May(Is(Kind::kLess, decimal, {Number(1)})));
  EXPECT_TRUE(May(Is(Kind::kGreater, decimal, {Number(2501, 3)})));
}

TEST_F(PruneTest, ComparesPartitions) {
  const Type text(TypeKind::kString);
  SetPartition("identity", Value(std::string("de")));
  EXPECT_TRUE(May(Is(Kind::kEqual, text, {Written("de")})));
  EXPECT_FALSE(May(Is(Kind::kEqual, text, {Written("es")})));
  EXPECT_FALSE(May(Is(Kind::kLess, text, {Written("d")})));
  SetPartition("identity", Value());
  EXPECT_FALSE(May(Is(Kind::kEqual, text, {Written("de")})));
  EXPECT_TRUE(May(Is(Kind::kIsNull, text, {})));
  const Type time(TypeKind::kTimestamp);
  SetPartition("day", Value(int32_t{18'262}));
  EXPECT_TRUE(May(Is(Kind::kLess, time, {Written("2020-01-01 00:00:01")})));
  EXPECT_FALSE(May(Is(Kind::kGreater, time, {Written("2020-01-02")})));
  EXPECT_FALSE(May(Is(Kind::kEqual, time, {Written("2020-01-02")})));
  // Old writers put the last day of 1969 into 1970.
  SetPartition("day", Value(int32_t{0}));
  EXPECT_TRUE(May(Is(Kind::kEqual, time, {Written("1969-12-31 12:00:00")})));
  EXPECT_FALSE(May(Is(Kind::kEqual, time, {Written("1969-12-30 12:00:00")})));
  const Type number(TypeKind::kLong);
  const lake::Transform bucket = lake::Transform::Parse("bucket[16]").value();
  SetPartition("bucket[16]", bucket.Apply(number, Value(int64_t{34})));
  EXPECT_TRUE(May(Is(Kind::kEqual, number, {Number(34)})));
  EXPECT_TRUE(May(Is(Kind::kLess, number, {Number(0)})));
  int apart = 0;
  for (int64_t i = 0; i < 64; ++i) apart += May(Is(Kind::kEqual, number, {Number(i)})) ? 0 : 1;
  EXPECT_GT(apart, 40);
  SetPartition("void", Value());
  EXPECT_TRUE(May(Is(Kind::kEqual, number, {Number(34)})));
}

}  // namespace
}  // namespace caudal::query
