#include "lake/keys/key_codec.h"

#include <gmock/gmock.h>

#include <map>
#include <set>
#include <string>

#include "data/test_batch.h"

namespace caudal::lake {
namespace {

using testing::HasSubstr;

Schema SchemaOf(std::vector<Field> fields) { return Schema::Make(0, std::move(fields)).value(); }

// A schema of columns a, b, … with ids from 1 on.
Schema ColumnsOf(const std::vector<Type>& types, bool required = true) {
  std::vector<Field> fields;
  for (const Type& type : types) {
    const auto place = static_cast<int32_t>(fields.size());
    fields.push_back(
        TestField(place + 1, std::string(1, static_cast<char>('a' + place)), type, required));
  }
  return SchemaOf(std::move(fields));
}

Batch RowsOf(const Schema& schema, const std::vector<std::vector<Value>>& rows) {
  BatchBuilder builder = BatchBuilder::Make(schema).value();
  for (const auto& row : rows)
    for (size_t i = 0; i < row.size(); ++i) builder.column(i).AppendValue(row[i]);
  return builder.Finish().value();
}

std::vector<int32_t> AllIds(const Schema& schema) {
  std::vector<int32_t> ids;
  for (const Field& field : schema.fields()) ids.push_back(field.id);
  return ids;
}

std::vector<std::string> Encode(const Schema& schema, const std::vector<std::vector<Value>>& rows) {
  const KeyCodec codec = KeyCodec::Make(schema, AllIds(schema)).value();
  EncodedKeys keys;
  EXPECT_TRUE(codec.Encode(RowsOf(schema, rows), schema, keys).ok());
  std::vector<std::string> texts;
  for (size_t i = 0; i < keys.size(); ++i) texts.emplace_back(keys[i]);
  return texts;
}

std::string Little(Int128 value, size_t bytes) {
  return {reinterpret_cast<const char*>(&value), bytes};
}

TEST(KeyCodec, EncodesEveryType) {
  const auto one = [](const Type& type, Value value) {
    return Encode(ColumnsOf({type}), {{std::move(value)}})[0];
  };
  EXPECT_EQ(one(Type(TypeKind::kBoolean), true), "\x01");
  EXPECT_EQ(one(Type(TypeKind::kBoolean), false), std::string(1, '\0'));
  EXPECT_EQ(one(Type(TypeKind::kInt), int32_t{-2}), Little(-2, 8));
  EXPECT_EQ(one(Type(TypeKind::kLong), int64_t{1} << 40), Little(Int128{1} << 40, 8));
  EXPECT_EQ(one(Type(TypeKind::kDate), int32_t{-1}), Little(-1, 8));
  for (const TypeKind kind : {TypeKind::kTime, TypeKind::kTimestamp, TypeKind::kTimestampTz})
    EXPECT_EQ(one(Type(kind), int64_t{123456789}), Little(123456789, 8));
  EXPECT_EQ(one(Type::Decimal(9, 2), Int128{-1230}), Little(-1230, 16));
  EXPECT_EQ(one(Type::Fixed(3), std::string("a\0b", 3)), std::string("a\0b", 3));
  EXPECT_EQ(one(Type(TypeKind::kUuid), std::string("0123456789abcdef")), "0123456789abcdef");
  EXPECT_EQ(one(Type(TypeKind::kString), std::string("año")), "año");
  EXPECT_EQ(one(Type(TypeKind::kBinary), std::string()), "");
}

TEST(KeyCodec, EncodesCompositeKeysInTheOrderOfIds) {
  const Schema schema = ColumnsOf({Type(TypeKind::kString), Type(TypeKind::kInt),
                                   Type(TypeKind::kBoolean), Type(TypeKind::kBinary)});
  const std::vector<std::string> keys = Encode(
      schema,
      {{std::string("xy"), 7, true, std::string()}, {std::string(), -1, false, std::string("z")}});
  EXPECT_EQ(keys[0], Little(2, 4) + "xy" + Little(7, 8) + "\x01" + Little(0, 4));
  EXPECT_EQ(keys[1], Little(0, 4) + Little(-1, 8) + std::string(1, '\0') + Little(1, 4) + "z");

  const KeyCodec codec = KeyCodec::Make(schema, {3, 2, 3}).value();
  EXPECT_EQ(codec.layout().width, 9u);
  EXPECT_FALSE(codec.layout().integer);
  ASSERT_EQ(codec.key_schema().fields().size(), 2u);
  EXPECT_EQ(codec.key_schema().fields()[0], schema.fields()[1]);
  EXPECT_EQ(codec.key_schema().fields()[1], schema.fields()[2]);
}

TEST(KeyCodec, ConcatenationsDontCollide) {
  const Schema schema = ColumnsOf({Type(TypeKind::kString), Type(TypeKind::kBinary)});
  std::vector<std::vector<Value>> rows;
  std::set<std::pair<std::string, std::string>> distinct;
  SeededRandom random(1);
  const auto text = [&] {
    std::string bytes;
    for (uint64_t n = random.Below(6); n > 0; --n) bytes += static_cast<char>(random.Below(2));
    return bytes;
  };
  for (int i = 0; i < 3000; ++i) {
    std::string a = text();
    std::string b = text();
    distinct.emplace(a, b);
    rows.push_back({std::move(a), std::move(b)});
  }
  const std::vector<std::string> keys = Encode(schema, rows);
  EXPECT_EQ(std::set<std::string>(keys.begin(), keys.end()).size(), distinct.size());
}

// Rows of random values: equal in every column exactly when their keys are equal, in slices and
// several batches too, and the hash goes with the bytes.
TEST(KeyCodec, KeysAreEqualWhenTheValuesAre) {
  std::vector<Type> types = PlainTypes();
  std::erase_if(types, [](const Type& type) {
    return type.Is(TypeKind::kFloat) || type.Is(TypeKind::kDouble);
  });
  types.push_back(Type::Fixed(7));
  for (uint64_t seed = 0; seed < 60; ++seed) {
    RandomRows random(seed);
    std::vector<Type> columns;
    for (uint64_t n = 1 + random.Below(3); n > 0; --n)
      columns.push_back(types[random.Below(types.size())]);
    const Schema schema = ColumnsOf(columns);
    const KeyCodec codec = KeyCodec::Make(schema, AllIds(schema)).value();
    EncodedKeys keys;
    std::vector<std::vector<Value>> rows;
    for (int round = 0; round < 3; ++round) {
      Batch batch = random.NextBatch(schema, 60);
      const auto first = static_cast<int64_t>(random.Below(20));
      batch = batch.Slice(first, 40);
      ASSERT_TRUE(codec.Encode(batch, schema, keys).ok());
      for (int64_t row = 0; row < 40; ++row) {
        rows.emplace_back();
        for (const Array& column : batch.columns()) rows.back().push_back(column.At(row));
      }
    }
    ASSERT_EQ(keys.size(), rows.size());
    std::map<std::string, std::vector<Value>> by_key;
    std::set<std::vector<Value>> distinct(rows.begin(), rows.end());
    for (size_t i = 0; i < rows.size(); ++i) {
      const auto [entry, added] = by_key.emplace(keys[i], rows[i]);
      EXPECT_EQ(entry->second, rows[i]) << "seed " << seed << ", row " << i;
      EXPECT_EQ(keys.hash(i), HashOf(keys[i]));
    }
    EXPECT_EQ(by_key.size(), distinct.size()) << "seed " << seed;
  }
}

TEST(KeyCodec, WideningKeepsKeysAndLayout) {
  const Schema narrow = ColumnsOf({Type(TypeKind::kInt), Type::Decimal(5, 2)});
  const Schema wide = ColumnsOf({Type(TypeKind::kLong), Type::Decimal(30, 2)});
  EXPECT_EQ(Encode(narrow, {{-5, Int128{100}}}), Encode(wide, {{int64_t{-5}, Int128{100}}}));
  const KeyCodec before = KeyCodec::Make(narrow, {1, 2}).value();
  const KeyCodec after = KeyCodec::Make(wide, {1, 2}).value();
  EXPECT_EQ(before.layout(), after.layout());
  // A file of before, read under its own schema.
  EncodedKeys keys(after.layout());
  EXPECT_TRUE(after.Encode(RowsOf(narrow, {{-5, Int128{100}}}), narrow, keys).ok());

  EXPECT_NE(KeyCodec::Make(narrow, {1}).value().layout(), before.layout());
  EXPECT_TRUE(KeyCodec::Make(narrow, {1}).value().layout().integer);
  EXPECT_NE(KeyCodec::Make(ColumnsOf({Type(TypeKind::kDate)}), {1}).value().layout(),
            KeyCodec::Make(ColumnsOf({Type(TypeKind::kTimestamp)}), {1}).value().layout());
}

TEST(KeyCodec, RefusesByName) {
  const Schema schema = SchemaOf(
      {TestField(1, "price", Type(TypeKind::kDouble)), TestField(2, "id", Type(TypeKind::kInt)),
       TestField(3, "place", Type::Struct({TestField(4, "x", Type(TypeKind::kInt))})),
       TestField(5, "tags", Type::List(TestField(6, "", Type(TypeKind::kInt)))),
       TestField(7, "shape", Type::Geo(TypeKind::kGeometry, "")),
       TestField(8, "big", Type::Fixed(70000))});
  const auto refused = [&](std::vector<int32_t> ids, ErrorKind kind, const std::string& name) {
    const auto codec = KeyCodec::Make(schema, ids);
    ASSERT_FALSE(codec.ok());
    EXPECT_EQ(codec.error().kind, kind) << codec.error().message;
    EXPECT_THAT(codec.error().message, HasSubstr(name));
  };
  refused({}, ErrorKind::kInvalid, "no primary key");
  refused({99}, ErrorKind::kInvalid, "99");
  refused({2, 1}, ErrorKind::kInvalid, "price");
  refused({3}, ErrorKind::kInvalid, "place");
  refused({4}, ErrorKind::kUnsupported, "place.x");
  refused({6}, ErrorKind::kInvalid, "tags.element");
  refused({7}, ErrorKind::kUnsupported, "shape");
  refused({2, 8}, ErrorKind::kInvalid, "big");
}

TEST(KeyCodec, ARefusedBatchAddsNothing) {
  const Schema schema = ColumnsOf({Type(TypeKind::kInt), Type(TypeKind::kString)}, false);
  const KeyCodec codec = KeyCodec::Make(schema, {1, 2}).value();
  EncodedKeys keys;
  ASSERT_TRUE(codec.Encode(RowsOf(schema, {{1, std::string("x")}}), schema, keys).ok());
  const auto refused = [&](const Schema& of, const Batch& batch, const std::string& message) {
    const auto encoded = codec.Encode(batch, of, keys);
    ASSERT_FALSE(encoded.ok());
    EXPECT_EQ(encoded.error().kind, ErrorKind::kInvalid);
    EXPECT_THAT(encoded.error().message, HasSubstr(message));
    EXPECT_EQ(keys.size(), 1u);
    EXPECT_EQ(keys[0], Little(1, 8) + Little(1, 4) + "x");
  };
  refused(schema, RowsOf(schema, {{2, std::string("y")}, {3, {}}}), "column b, row 1: null");
  const Schema other = ColumnsOf({Type(TypeKind::kInt), Type(TypeKind::kBinary)}, false);
  refused(other, RowsOf(other, {{2, std::string("y")}}), "column b");
  const Schema less = ColumnsOf({Type(TypeKind::kInt)});
  refused(less, RowsOf(less, {{2}}), "column b");
}

TEST(EncodedKeys, AppendsAndClears) {
  for (const uint32_t width : {0u, 3u}) {
    EncodedKeys a(KeyLayout{width, false, 1});
    EncodedKeys b;
    b.Append(a);
    EXPECT_TRUE(b.empty());
    a.Append("abc");
    a.Append("def");
    b.Append(a);
    b.Append(a);
    ASSERT_EQ(b.size(), 4u);
    EXPECT_EQ(b[2], "abc");
    EXPECT_EQ(b[3], "def");
    EXPECT_EQ(b.hash(3), a.hash(1));
    b.Clear();
    EXPECT_TRUE(b.empty());
    b.Append("ghi");
    EXPECT_EQ(b[0], "ghi");
  }
}

}  // namespace
}  // namespace caudal::lake
