#include "lake/format/transform.h"

#include <gtest/gtest.h>

#include <limits>

#include "data/civil.h"
#include "data/json.h"
#include "lake/format/bounds.h"

namespace caudal::lake {
namespace {

const Type kInt{TypeKind::kInt};
const Type kLong{TypeKind::kLong};
const Type kString{TypeKind::kString};
const Type kBinary{TypeKind::kBinary};
const Type kStamp{TypeKind::kTimestamp};

Value FromJson(const Type& type, const Json& json) { return ValueFromJson(type, json).value(); }
Value Text(std::string text) { return Value(std::move(text)); }

TEST(Transform, HashesAreThoseOfTheSpecification) {
  const auto hash = [](const Type& type, const Json& json) {
    return HashValue(type, FromJson(type, json));
  };
  EXPECT_EQ(hash(kInt, 34), 2017239379);
  EXPECT_EQ(hash(kLong, 34), 2017239379);
  EXPECT_EQ(hash(Type::Decimal(9, 2), "14.20"), -500754589);
  EXPECT_EQ(hash(Type(TypeKind::kDate), "2017-11-16"), -653330422);
  EXPECT_EQ(hash(Type(TypeKind::kTime), "22:31:08"), -662762989);
  EXPECT_EQ(hash(kStamp, "2017-11-16T22:31:08"), -2047944441);
  EXPECT_EQ(hash(kStamp, "2017-11-16T22:31:08.000001"), -1207196810);
  EXPECT_EQ(hash(Type(TypeKind::kTimestampTz), "2017-11-16T22:31:08+00:00"), -2047944441);
  EXPECT_EQ(hash(Type(TypeKind::kTimestampNs), "2017-11-16T22:31:08.000001001"), -1207196810);
  EXPECT_EQ(hash(Type(TypeKind::kTimestampTzNs), "2017-11-16T22:31:08+00:00"), -2047944441);
  EXPECT_EQ(hash(kString, "iceberg"), 1210000089);
  EXPECT_EQ(hash(Type(TypeKind::kUuid), "f79c3e09-677c-4bbd-a479-3f349cb785e7"), 1488055340);
  EXPECT_EQ(hash(Type::Fixed(4), "00010203"), -188683207);
  EXPECT_EQ(hash(kBinary, "00010203"), -188683207);
  EXPECT_EQ(hash(Type(TypeKind::kBoolean), true), 1392991556);
  EXPECT_EQ(hash(Type(TypeKind::kFloat), 1.0), -142385009);
  EXPECT_EQ(hash(Type(TypeKind::kDouble), 0.0), 1669671676);
  EXPECT_EQ(hash(Type(TypeKind::kDouble), -0.0), 1669671676);
}

TEST(Transform, BucketsAreNotNegative) {
  const Transform bucket(TransformKind::kBucket, 16);
  for (int32_t i = -1000; i < 1000; ++i) {
    const int32_t number = std::get<int32_t>(bucket.Apply(kInt, i));
    EXPECT_TRUE(number >= 0 && number < 16);
    EXPECT_EQ(bucket.Apply(kLong, int64_t{i}), Value(number));
  }
  EXPECT_TRUE(IsNull(bucket.Apply(kInt, Value())));
}

TEST(Transform, TruncatesDownwards) {
  const Transform ten(TransformKind::kTruncate, 10);
  EXPECT_EQ(ten.Apply(kInt, int32_t{1}), Value(int32_t{0}));
  EXPECT_EQ(ten.Apply(kInt, int32_t{-1}), Value(int32_t{-10}));
  EXPECT_EQ(ten.Apply(kLong, int64_t{-10}), Value(int64_t{-10}));
  EXPECT_EQ(ten.Apply(kLong, int64_t{-11}), Value(int64_t{-20}));
  const Transform widest(TransformKind::kTruncate, std::numeric_limits<int32_t>::max());
  EXPECT_EQ(widest.Apply(kLong, std::numeric_limits<int64_t>::max()).index(), 3u);
  EXPECT_EQ(widest.Apply(kLong, std::numeric_limits<int64_t>::min()).index(), 3u);
  EXPECT_EQ(widest.Apply(kInt, std::numeric_limits<int32_t>::min()).index(), 2u);
  const Transform fifty(TransformKind::kTruncate, 50);
  EXPECT_EQ(fifty.Apply(Type::Decimal(9, 2), Int128{1065}), Value(Int128{1050}));
  EXPECT_EQ(fifty.Apply(Type::Decimal(9, 2), Int128{-1}), Value(Int128{-50}));
  const Transform three(TransformKind::kTruncate, 3);
  EXPECT_EQ(three.Apply(kString, Text("iceberg")), Text("ice"));
  EXPECT_EQ(three.Apply(kString, Text("ñññññ")), Text("ñññ"));
  EXPECT_EQ(three.Apply(kString, Text("ñ")), Text("ñ"));
  EXPECT_EQ(three.Apply(kBinary, Text("\1\2\3\4")), Text("\1\2\3"));
}

TEST(Transform, TimeIsCountedFromTheEpoch) {
  const auto apply = [](TransformKind kind, const Type& type, const Json& json) {
    return std::get<int32_t>(Transform(kind).Apply(type, FromJson(type, json)));
  };
  const Type date{TypeKind::kDate};
  EXPECT_EQ(apply(TransformKind::kYear, date, "2017-12-01"), 47);
  EXPECT_EQ(apply(TransformKind::kMonth, date, "2017-12-01"), 575);
  EXPECT_EQ(apply(TransformKind::kDay, date, "2017-12-01"), 17501);
  EXPECT_EQ(apply(TransformKind::kYear, date, "1969-12-31"), -1);
  EXPECT_EQ(apply(TransformKind::kMonth, date, "1969-12-31"), -1);
  EXPECT_EQ(apply(TransformKind::kMonth, date, "1968-12-31"), -13);
  EXPECT_EQ(apply(TransformKind::kYear, kStamp, "2017-12-01T10:12:55.038194"), 47);
  EXPECT_EQ(apply(TransformKind::kHour, kStamp, "2017-12-01T10:12:55.038194"), 420034);
  EXPECT_EQ(apply(TransformKind::kHour, kStamp, "1969-12-31T23:59:59.999999"), -1);
  EXPECT_EQ(apply(TransformKind::kDay, kStamp, "1969-12-31T23:59:59.999999"), -1);
  EXPECT_EQ(apply(TransformKind::kHour, kStamp, "1970-01-01T00:59:59.999999"), 0);
  EXPECT_EQ(
      apply(TransformKind::kDay, Type(TypeKind::kTimestampNs), "1969-12-31T23:59:59.999999999"),
      -1);
}

TEST(Transform, NamesReadBack) {
  for (const char* text : {"identity", "bucket[16]", "truncate[2147483647]", "year", "month", "day",
                           "hour", "void", "zorder", "bucket", "Year"}) {
    const Transform transform = Transform::Parse(text).value();
    EXPECT_EQ(transform.Text(), text);
  }
  EXPECT_FALSE(Transform::Parse("zorder").value().known());
  for (const char* bad : {"", "bucket[0]", "bucket[-1]", "bucket[]", "bucket[1x]", "truncate[0]",
                          "truncate[2147483648]"})
    EXPECT_FALSE(Transform::Parse(bad).ok()) << bad;
}

TEST(Transform, KnowsItsTypes) {
  const auto accepts = [](const char* transform, TypeKind kind) {
    return Transform::Parse(transform).value().Accepts(Type(kind));
  };
  EXPECT_TRUE(accepts("identity", TypeKind::kDouble));
  EXPECT_FALSE(accepts("identity", TypeKind::kVariant));
  EXPECT_FALSE(accepts("bucket[2]", TypeKind::kDouble));
  EXPECT_FALSE(accepts("truncate[2]", TypeKind::kUuid));
  EXPECT_FALSE(accepts("hour", TypeKind::kDate));
  EXPECT_TRUE(accepts("day", TypeKind::kTimestampTz));
  EXPECT_FALSE(accepts("year", TypeKind::kTime));
  EXPECT_TRUE(accepts("void", TypeKind::kVariant));
  EXPECT_EQ(Transform(TransformKind::kDay).ResultType(kStamp), Type(TypeKind::kDate));
  EXPECT_EQ(Transform(TransformKind::kTruncate, 2).ResultType(kString), kString);
  EXPECT_FALSE(
      Transform(TransformKind::kBucket, 2).KeepsResultWhenPromoted(Type(TypeKind::kDate), kStamp));
  EXPECT_TRUE(Transform(TransformKind::kBucket, 2).KeepsResultWhenPromoted(kInt, kLong));
}

}  // namespace
}  // namespace caudal::lake
