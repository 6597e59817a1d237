#include "lake/format/bounds.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "base/random.h"
#include "data/digest.h"
#include "data/utf8.h"

namespace caudal::lake {
namespace {

std::string Hex(const Type& type, const Value& value) {
  return EncodeHex(EncodeValue(type, value));
}
Value Text(std::string text) { return Value(std::move(text)); }

const Type kString{TypeKind::kString};
const Type kBinary{TypeKind::kBinary};
const Type kUuid{TypeKind::kUuid};

TEST(SingleValue, BytesAreThoseOfTheSpecification) {
  EXPECT_EQ(Hex(Type(TypeKind::kBoolean), true), "01");
  EXPECT_EQ(Hex(Type(TypeKind::kInt), int32_t{-2}), "feffffff");
  EXPECT_EQ(Hex(Type(TypeKind::kLong), int64_t{1234}), "d204000000000000");
  EXPECT_EQ(Hex(Type(TypeKind::kFloat), 1.5f), "0000c03f");
  EXPECT_EQ(Hex(Type(TypeKind::kDouble), -1.5), "000000000000f8bf");
  EXPECT_EQ(Hex(Type(TypeKind::kDate), int32_t{17486}), "4e440000");
  EXPECT_EQ(Hex(kString, Text("ñ")), "c3b1");
  EXPECT_EQ(Hex(Type::Decimal(9, 2), Int128{1420}), "058c");
  EXPECT_EQ(Hex(Type::Decimal(9, 2), Int128{0}), "00");
  EXPECT_EQ(Hex(Type::Decimal(9, 2), Int128{-1}), "ff");
  EXPECT_EQ(Hex(Type::Decimal(9, 2), Int128{127}), "7f");
  EXPECT_EQ(Hex(Type::Decimal(9, 2), Int128{128}), "0080");
  EXPECT_EQ(Hex(Type::Decimal(9, 2), Int128{-128}), "80");
  EXPECT_EQ(Hex(Type::Decimal(9, 2), Int128{-129}), "ff7f");
}

TEST(SingleValue, DecimalsReadBack) {
  const Type type = Type::Decimal(38, 10);
  SeededRandom random(7);
  for (int i = 0; i < 2000; ++i) {
    Int128 number = static_cast<Int128>(random.U64()) << 64 | random.U64();
    number >>= static_cast<int>(random.Below(128));
    const std::string bytes = EncodeValue(type, number);
    EXPECT_EQ(std::get<Int128>(DecodeValue(type, bytes).value()), number);
    // Longer than needed, as Parquet's fixed bytes are, reads as well.
    const std::string sign(16 - bytes.size(), number < 0 ? '\xff' : '\0');
    EXPECT_EQ(std::get<Int128>(DecodeValue(type, sign + bytes).value()), number);
  }
}

TEST(SingleValue, NarrowerBytesAreWidened) {
  EXPECT_EQ(DecodeValue(Type(TypeKind::kLong), std::string("\xfe\xff\xff\xff", 4)).value(),
            Value(int64_t{-2}));
  EXPECT_EQ(DecodeValue(Type(TypeKind::kDouble), std::string("\0\0\xc0\x3f", 4)).value(),
            Value(1.5));
  EXPECT_EQ(DecodeValue(Type(TypeKind::kTimestamp), std::string("\1\0\0\0", 4)).value(),
            Value(int64_t{86'400'000'000}));
  EXPECT_EQ(DecodeValue(Type(TypeKind::kTimestampNs), std::string("\1\0\0\0", 4)).value(),
            Value(int64_t{86'400'000'000'000}));
  EXPECT_FALSE(DecodeValue(Type(TypeKind::kTimestampNs), std::string("\xff\xff\xff\x7f", 4)).ok());
}

TEST(SingleValue, WrongLengthsAreRefused) {
  for (const TypeKind kind :
       {TypeKind::kBoolean, TypeKind::kInt, TypeKind::kLong, TypeKind::kFloat, TypeKind::kDouble,
        TypeKind::kDate, TypeKind::kTime, TypeKind::kTimestampTz, TypeKind::kUuid})
    for (const size_t size : {0, 3, 5, 7, 9, 17})
      EXPECT_FALSE(DecodeValue(Type(kind), std::string(size, 'x')).ok()) << NameOf(kind) << size;
  EXPECT_FALSE(DecodeValue(Type::Decimal(9, 2), "").ok());
  EXPECT_FALSE(DecodeValue(Type::Decimal(9, 2), std::string(17, 'x')).ok());
  EXPECT_EQ(DecodeValue(Type(TypeKind::kVariant), "x").error().kind, ErrorKind::kUnsupported);
}

TEST(Bounds, NumbersAreExact) {
  const Type type(TypeKind::kTimestampTz);
  const Bounds bounds = MakeBounds(type, int64_t{-5}, int64_t{7});
  EXPECT_EQ(DecodeValue(type, *bounds.lower).value(), Value(int64_t{-5}));
  EXPECT_EQ(DecodeValue(type, *bounds.upper).value(), Value(int64_t{7}));
}

TEST(Bounds, NaNHasNoneAndZeroHasBoth) {
  const Type type(TypeKind::kDouble);
  EXPECT_FALSE(MakeBounds(type, std::nan(""), 1.0).lower);
  EXPECT_FALSE(MakeBounds(type, 1.0, std::nan("")).upper);
  EXPECT_FALSE(MakeBounds(Type(TypeKind::kFloat), 1.0f, std::nanf("")).lower);
  const Bounds zero = MakeBounds(type, 0.0, -0.0);
  EXPECT_EQ(*zero.lower, EncodeValue(type, -0.0));
  EXPECT_EQ(*zero.upper, EncodeValue(type, 0.0));
  const double infinity = std::numeric_limits<double>::infinity();
  const Bounds wide = MakeBounds(type, -infinity, infinity);
  EXPECT_EQ(*wide.lower, EncodeValue(type, -infinity));
  EXPECT_EQ(*wide.upper, EncodeValue(type, infinity));
  EXPECT_FALSE(MakeBounds(type, Value(), Value()).lower);
}

TEST(Bounds, StringsAreCutAtCodePoints) {
  const std::string short_text = "abcdefghijklmnop";
  EXPECT_EQ(*MakeBounds(kString, short_text, short_text).upper, short_text);
  const Bounds cut = MakeBounds(kString, short_text + "q", short_text + "q");
  EXPECT_EQ(*cut.lower, short_text);
  EXPECT_EQ(*cut.upper, "abcdefghijklmnoq");
  const auto upper = [](const std::string& text, size_t length) {
    return MakeBounds(kString, Text(""), text, length).upper;
  };
  EXPECT_EQ(upper("ñañaña", 3), "ñaò");
  EXPECT_EQ(upper("a\x7fz", 2), "a\xc2\x80");                  // one byte grows to two
  EXPECT_EQ(upper("a\xdf\xbfz", 2), "a\xe0\xa0\x80");          // two to three
  EXPECT_EQ(upper("a\xef\xbf\xbfz", 2), "a\xf0\x90\x80\x80");  // three to four
  EXPECT_EQ(upper("a\xed\x9f\xbfz", 2), "a\xee\x80\x80");      // past the surrogates
  EXPECT_EQ(upper("a\xf4\x8f\xbf\xbfz", 2), "b");  // the last code point can't be raised
  EXPECT_EQ(upper("\xf4\x8f\xbf\xbf\xf4\x8f\xbf\xbfz", 2), std::nullopt);
  EXPECT_EQ(upper("\xf4\x8f\xbf\xbf", 2), "\xf4\x8f\xbf\xbf");  // not cut: exact
  EXPECT_FALSE(MakeBounds(kString, Text("a"), Text("\xff")).lower);
  EXPECT_EQ(upper("", 16), "");
}

TEST(Bounds, BytesAreCutToo) {
  const auto upper = [](const std::string& bytes, size_t length) {
    return MakeBounds(kBinary, Text(""), bytes, length).upper;
  };
  EXPECT_EQ(upper("abc", 2), "ac");
  EXPECT_EQ(upper("a\xff\xff", 2), "b");
  EXPECT_EQ(upper("\xff\xff\xff", 2), std::nullopt);
  EXPECT_EQ(upper("\xff\xff", 2), "\xff\xff");
}

// The two orders of UUIDs that readers have.
bool SignedLess(const std::string& a, const std::string& b) {
  const auto half = [](const std::string& bytes, size_t at) {
    uint64_t bits = 0;
    for (size_t i = 0; i < 8; ++i) bits = bits << 8 | static_cast<uint8_t>(bytes[at + i]);
    return static_cast<int64_t>(bits);
  };
  return std::pair(half(a, 0), half(a, 8)) < std::pair(half(b, 0), half(b, 8));
}

TEST(Bounds, HoldForRandomValues) {
  SeededRandom random(11);
  int uuid_bounds = 0;
  for (int round = 0; round < 3000; ++round) {
    std::vector<std::string> values;
    const uint64_t first = random.Below(256);
    for (uint64_t i = 0; i < 4; ++i) {
      std::string bytes(16, '\0');
      random.Fill(std::as_writable_bytes(std::span(bytes)));
      if (round % 2 == 0) bytes[0] = static_cast<char>(first);
      for (char& c : bytes)
        if (random.Below(8) == 0) c = random.Below(2) == 0 ? '\xff' : '\0';
      values.push_back(bytes);
    }
    const auto [least, greatest] = std::ranges::minmax(values);
    const Bounds cut = MakeBounds(kBinary, least, greatest, 1 + random.Below(5));
    const Bounds both = MakeBounds(kUuid, least, greatest);
    uuid_bounds += both.lower ? 1 : 0;
    for (const std::string& value : values) {
      EXPECT_LE(*cut.lower, value);
      if (cut.upper) {
        EXPECT_GE(*cut.upper, value);
      }
      if (both.lower) {
        EXPECT_TRUE(*both.lower <= value && !SignedLess(value, *both.lower));
      }
      if (both.upper) {
        EXPECT_TRUE(*both.upper >= value && !SignedLess(*both.upper, value));
      }
    }
  }
  EXPECT_GT(uuid_bounds, 1000);
}

TEST(Bounds, HoldForRandomText) {
  SeededRandom random(13);
  const std::vector<std::string> parts = {
      "a", "\x7f", "ñ", "\xdf\xbf", "\xef\xbf\xbf", "\xed\x9f\xbf", "🦦", "\xf4\x8f\xbf\xbf"};
  for (int round = 0; round < 3000; ++round) {
    std::string text;
    for (uint64_t i = 0, n = random.Below(8); i < n; ++i) text += parts[random.Below(parts.size())];
    const Bounds bounds = MakeBounds(kString, text, text, random.Below(5));
    EXPECT_LE(*bounds.lower, text);
    EXPECT_TRUE(IsValidUtf8(*bounds.lower));
    if (!bounds.upper) continue;
    EXPECT_GE(*bounds.upper, text);
    EXPECT_TRUE(IsValidUtf8(*bounds.upper));
  }
}

TEST(JsonValue, FormsAreThoseOfTheSpecification) {
  const std::vector<std::pair<Type, std::string>> examples = {
      {Type(TypeKind::kBoolean), "true"},
      {Type(TypeKind::kInt), "34"},
      {Type(TypeKind::kLong), "-9223372036854775808"},
      {Type(TypeKind::kFloat), "1.5"},
      {Type(TypeKind::kDouble), "1.0"},
      {Type(TypeKind::kDouble), "\"-Infinity\""},
      {Type::Decimal(9, 2), "\"14.20\""},
      {Type(TypeKind::kDate), "\"2017-11-16\""},
      {Type(TypeKind::kTime), "\"22:31:08.123456\""},
      {Type(TypeKind::kTimestamp), "\"2017-11-16T22:31:08.123456\""},
      {Type(TypeKind::kTimestampTz), "\"1969-12-31T23:59:59.999999+00:00\""},
      {Type(TypeKind::kTimestampNs), "\"2017-11-16T22:31:08.123456789\""},
      {Type(TypeKind::kTimestampTzNs), "\"2017-11-16T22:31:08.123456789+00:00\""},
      {kString, "\"iceberg\""},
      {kUuid, "\"f79c3e09-677c-4bbd-a479-3f349cb785e7\""},
      {Type::Fixed(4), "\"000102ff\""},
      {kBinary, "\"000102ff\""},
      {kBinary, "null"},
  };
  for (const auto& [type, text] : examples) {
    const Value value = ValueFromJson(type, Json::parse(text)).value();
    EXPECT_TRUE(Fits(type, value)) << text;
    EXPECT_EQ(DumpJson(ValueToJson(type, value)), text);
  }
  const Type stamp(TypeKind::kTimestamp);
  for (const int64_t extreme :
       {std::numeric_limits<int64_t>::min(), std::numeric_limits<int64_t>::max()})
    EXPECT_EQ(ValueFromJson(stamp, ValueToJson(stamp, extreme)).value(), Value(extreme));
}

TEST(JsonValue, RefusesOthers) {
  const std::vector<std::pair<Type, std::string>> examples = {
      {Type(TypeKind::kBoolean), "1"},
      {Type(TypeKind::kInt), "2147483648"},
      {Type(TypeKind::kInt), "1.5"},
      {Type(TypeKind::kLong), "9223372036854775808"},
      {Type(TypeKind::kLong), "\"1\""},
      {Type::Decimal(9, 2), "14.20"},
      {Type::Decimal(9, 2), "\"14.205\""},
      {Type(TypeKind::kDate), "17486"},
      {Type(TypeKind::kTimestamp), "\"2017-11-16T22:31:08+00:00\""},
      {Type(TypeKind::kTimestampTz), "\"2017-11-16T22:31:08\""},
      {Type(TypeKind::kTimestampTz), "\"2017-11-16T22:31:08+01:00\""},
      {Type(TypeKind::kTimestampNs), "\"2300-01-01T00:00:00\""},
      {Type::Fixed(4), "\"0001\""},
      {kBinary, "\"0g\""},
      {Type(TypeKind::kVariant), "\"x\""},
      {Type(TypeKind::kVariant), "1"},
  };
  for (const auto& [type, text] : examples)
    EXPECT_FALSE(ValueFromJson(type, Json::parse(text)).ok()) << type.Text() << " " << text;
}

}  // namespace
}  // namespace caudal::lake
