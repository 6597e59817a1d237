#include "data/batch.h"

#include <gtest/gtest.h>

#include <cstring>
#include <string>

#include "base/random.h"
#include "data/batch_builder.h"
#include "data/test_batch.h"

namespace caudal {
namespace {

Field Make(int32_t id, std::string name, Type type, bool required = false) {
  return {id, std::move(name), std::move(type), required, {}, {}, {}};
}
Field Make(int32_t id, std::string name, TypeKind kind, bool required = false) {
  return Make(id, std::move(name), Type(kind), required);
}

Schema Of(std::vector<Field> fields) { return Schema::Make(0, std::move(fields)).value(); }

const Type kPoint =
    Type::Struct({Make(11, "x", TypeKind::kInt, true), Make(12, "y", TypeKind::kString)});
const Type kTags = Type::List(Make(13, "", TypeKind::kString, true));
const Type kProps = Type::Map(Make(14, "", TypeKind::kString), Make(15, "", TypeKind::kLong));

TEST(Batch, HoldsWhatWasAppended) {
  const Schema schema = Of({Make(1, "flag", TypeKind::kBoolean), Make(2, "day", TypeKind::kDate),
                            Make(3, "price", Type::Decimal(9, 2)),
                            Make(4, "name", TypeKind::kString), Make(5, "id", TypeKind::kUuid)});
  BatchBuilder builder = BatchBuilder::Make(schema).value();
  for (int i = 0; i < 100; ++i) {
    builder.column(0).AppendBoolean(i % 3 == 0);
    i % 2 == 0 ? builder.column(1).AppendInt(i) : builder.column(1).AppendNull();
    builder.column(2).AppendDecimal(i * 100);
    i == 77 ? builder.column(3).AppendNull() : builder.column(3).AppendBytes(std::string(i, 'a'));
    builder.column(4).AppendBytes(std::string(16, static_cast<char>(i)));
  }
  EXPECT_EQ(builder.rows(), 100);
  const Batch batch = builder.Finish().value();
  EXPECT_EQ(builder.rows(), 0);
  EXPECT_TRUE(batch.Check(schema).ok());
  EXPECT_EQ(batch.column(1).null_count(), 50);
  EXPECT_EQ(batch.column(3).null_count(), 1);
  EXPECT_EQ(batch.column(0).validity(), nullptr);
  for (const int64_t first : {0, 1, 8, 30}) {
    const Batch slice = batch.Slice(first, 61);
    for (int64_t i = 0; i < slice.rows(); ++i) {
      const int64_t row = first + i;
      EXPECT_EQ(slice.column(0).boolean(i), row % 3 == 0);
      EXPECT_EQ(slice.column(1).IsNull(i), row % 2 == 1);
      EXPECT_EQ(slice.column(2).At(i), Value(Int128{row * 100}));
      EXPECT_EQ(slice.column(4).bytes(i)[15], static_cast<char>(row));
      EXPECT_EQ(slice.column(3).IsNull(i), row == 77);
      if (row == 77) continue;
      EXPECT_EQ(slice.column(3).bytes(i).size(), static_cast<size_t>(row));
    }
  }
  EXPECT_EQ(batch.Slice(3, 4).column(0).ByteSize(), 1u);
  EXPECT_EQ(batch.Slice(3, 4).column(2).ByteSize(), 64u);
  EXPECT_EQ(batch.Slice(3, 4).column(3).ByteSize(), 3u + 4 + 5 + 6 + 5 * 4);
}

Batch Nested(int rows) {
  const Schema schema =
      Of({Make(1, "point", kPoint), Make(2, "tags", kTags), Make(3, "props", kProps)});
  BatchBuilder builder = BatchBuilder::Make(schema).value();
  for (int i = 0; i < rows; ++i) {
    ColumnBuilder& point = builder.column(0);
    if (i % 4 == 3) {
      point.AppendNull();
    } else {
      point.child(0).AppendInt(i);
      i % 5 == 0 ? point.child(1).AppendNull() : point.child(1).AppendBytes("y");
      point.AppendNested();
    }
    for (int k = 0; k < i % 3; ++k) builder.column(1).child(0).AppendBytes(std::to_string(i));
    builder.column(1).AppendNested();
    if (i % 7 == 0) {
      builder.column(2).AppendNull();
      continue;
    }
    builder.column(2).child(0).AppendBytes("k");
    builder.column(2).child(1).AppendLong(i);
    builder.column(2).AppendNested();
  }
  EXPECT_EQ(builder.rows(), rows);
  Batch batch = builder.Finish().value();
  EXPECT_TRUE(batch.Check(schema).ok());
  EXPECT_TRUE(batch.Slice(1, rows - 1).Check(schema).ok());
  return batch;
}

void ExpectNested(const Batch& batch, int first) {
  for (int64_t i = 0; i < batch.rows(); ++i) {
    const int64_t row = first + i;
    EXPECT_EQ(batch.column(0).IsNull(i), row % 4 == 3);
    EXPECT_EQ(batch.column(0).children()[0].length(), batch.rows());
    if (row % 4 != 3) {
      EXPECT_EQ(batch.column(0).children()[0].At(i), Value(static_cast<int32_t>(row)));
    }
    const int32_t* at = batch.column(1).offsets() + i;
    EXPECT_EQ(at[1] - at[0], row % 3);
    if (row % 3 > 0) {
      EXPECT_EQ(batch.column(1).children()[0].bytes(at[0]), std::to_string(row));
    }
    EXPECT_EQ(batch.column(2).IsNull(i), row % 7 == 0);
    const int32_t* entry = batch.column(2).offsets() + i;
    if (row % 7 != 0) {
      EXPECT_EQ(batch.column(2).children()[1].At(*entry), Value(row));
    }
  }
}

// Every value, its parts included, in order.
std::string Dump(const Array& array) {
  std::string text;
  const bool list = array.type().Is(TypeKind::kList) || array.type().Is(TypeKind::kMap);
  for (int64_t row = 0; row < array.length(); ++row) {
    text += array.IsNull(row) ? '-' : '+';
    if (list) text += std::to_string(array.offsets()[row + 1]);
    if (array.IsNull(row) || array.type().nested()) continue;
    const Value value = array.At(row);
    std::visit(
        [&](const auto& v) {
          if constexpr (std::is_same_v<std::decay_t<decltype(v)>, std::string>)
            text += v + ";";
          else
            text.append(reinterpret_cast<const char*>(&v), sizeof v);
        },
        value);
  }
  for (const Array& child : array.children()) text += "(" + Dump(child) + ")";
  return text;
}

TEST(Batch, NestedColumnsSlice) {
  const Batch batch = Nested(50);
  ExpectNested(batch, 0);
  ExpectNested(batch.Slice(9, 30), 9);
  ExpectNested(batch.Slice(9, 30).Slice(4, 20), 13);
}

TEST(Batch, RowsOfColumnsAreCopied) {
  const Batch batch = Nested(60);
  const Schema schema =
      Of({Make(1, "point", kPoint), Make(2, "tags", kTags), Make(3, "props", kProps)});
  BatchBuilder builder = BatchBuilder::Make(schema).value();
  const Batch later = batch.Slice(20, 40);
  for (size_t i = 0; i < 3; ++i) {
    builder.column(i).AppendRows(batch.column(i), 0, 20);
    builder.column(i).AppendRows(later.column(i), 0, 1);
    builder.column(i).AppendRows(later.column(i), 1, 39);
  }
  const Batch copy = builder.Finish().value();
  ASSERT_EQ(copy.rows(), 60);
  ExpectNested(copy, 0);
  EXPECT_EQ(copy.ByteSize(), batch.ByteSize());
}

// Rows that go again leave nothing behind, whatever the type.
TEST(Batch, ColumnsAreTruncated) {
  const Schema schema = SchemaOfEverything();
  RandomRows random(11);
  const Batch rows = random.NextBatch(schema, 200, 3);
  for (size_t i = 0; i < rows.columns().size(); ++i) {
    const Array& source = rows.column(i);
    ColumnBuilder straight(source.type());
    ColumnBuilder winding(source.type());
    for (int64_t done = 0; done < 200;) {
      const int64_t kept = std::min<int64_t>(static_cast<int64_t>(random.Below(20)), 200 - done);
      const int64_t more = static_cast<int64_t>(random.Below(50));
      straight.AppendRows(source, done, kept);
      winding.AppendRows(source, done, kept);
      winding.AppendRows(source, 100, more);
      if (source.type().Is(TypeKind::kList))
        winding.child(0).AppendRows(source.children()[0], 0, 3);
      winding.Truncate(done + kept);
      done += kept;
      EXPECT_EQ(winding.length(), done);
      EXPECT_EQ(winding.bytes(), straight.bytes());
      if (random.Below(40) == 0) {
        winding.Truncate(0);
        winding.AppendRows(source, 0, done);
      }
    }
    const Array a = straight.Finish();
    const Array b = winding.Finish();
    EXPECT_EQ(a.null_count(), b.null_count());
    EXPECT_EQ(Dump(a), Dump(b)) << source.type().Text();
  }
}

TEST(Batch, BytesAreWrittenLater) {
  ColumnBuilder column{Type(TypeKind::kBinary)};
  column.AppendBytes("a");
  std::memcpy(column.AppendBytesLater(3), "bcd", 3);
  column.AppendBytesLater(0);
  column.AppendBytes("e");
  EXPECT_EQ(column.AppendBytesLater(INT32_MAX - 4), nullptr);
  EXPECT_TRUE(column.too_long());
  const Array array = column.Finish();
  EXPECT_EQ(array.bytes(1), "bcd");
  EXPECT_EQ(array.bytes(2), "");
  EXPECT_EQ(array.bytes(3), "e");
  EXPECT_EQ(array.bytes(4), "");
}

TEST(Batch, CheckNamesTheColumn) {
  const Schema schema = Of({Make(1, "point", kPoint, true), Make(2, "n", TypeKind::kInt, true)});
  BatchBuilder builder = BatchBuilder::Make(schema).value();
  builder.column(0).child(0).AppendInt(1);
  builder.column(0).child(1).AppendBytes("\xff");
  builder.column(0).AppendNested();
  builder.column(1).AppendInt(1);
  const Batch batch = builder.Finish().value();
  EXPECT_EQ(batch.Check(schema).error().message, "column point.y, row 0: the text is not UTF-8");
  EXPECT_EQ(batch.Check(Of({Make(1, "point", kPoint)})).error().kind, ErrorKind::kInvalid);
  EXPECT_EQ(
      batch.Check(Of({Make(1, "point", kPoint), Make(2, "n", TypeKind::kLong)})).error().message,
      "column n holds int, not long");

  builder.column(0).child(0).AppendNull();
  builder.column(0).child(1).AppendNull();
  builder.column(0).AppendNested();
  builder.column(1).AppendInt(1);
  EXPECT_EQ(builder.Finish()->Check(schema).error().message,
            "column point.x, row 0: null, but a value is required");
  builder.column(0).AppendNull();
  builder.column(1).AppendInt(1);
  EXPECT_EQ(builder.Finish()->Check(schema).error().message,
            "column point, row 0: null, but a value is required");
}

TEST(Batch, CheckLooksAtValues) {
  const auto check = [](const Type& type, const Value& value) {
    const Schema schema = Of({Make(1, "c", type)});
    BatchBuilder builder = BatchBuilder::Make(schema).value();
    builder.column(0).AppendNull();
    builder.column(0).AppendValue(value);
    const auto checked = builder.Finish()->Check(schema);
    return checked.ok() ? "" : checked.error().message;
  };
  EXPECT_EQ(check(Type::Decimal(3, 1), Int128{999}), "");
  EXPECT_EQ(check(Type::Decimal(3, 1), Int128{-1000}),
            "column c, row 1: -100.0 does not fit decimal(3, 1)");
  EXPECT_EQ(check(Type(TypeKind::kTime), int64_t{86'399'999'999}), "");
  EXPECT_NE(check(Type(TypeKind::kTime), int64_t{86'400'000'000}), "");
  EXPECT_NE(check(Type(TypeKind::kTime), int64_t{-1}), "");
  EXPECT_EQ(check(Type(TypeKind::kString), std::string("ñ\0", 3)), "");
  EXPECT_EQ(check(Type(TypeKind::kBinary), std::string("\xff")), "");
}

TEST(Batch, TypesThatCannotBeWrittenAreRefused) {
  const auto made = BatchBuilder::Make(Of({Make(1, "v", TypeKind::kVariant)}));
  EXPECT_EQ(made.error().kind, ErrorKind::kUnsupported);
}

TEST(Batch, OneThatStandsForNullHasAnyBytes) {
  const Array nulls =
      Array::Nulls(Type::Struct({Make(1, "a", TypeKind::kInt), Make(2, "b", kTags)}), 9);
  EXPECT_EQ(nulls.null_count(), 9);
  EXPECT_TRUE(nulls.children()[1].IsNull(8));
  EXPECT_EQ(nulls.children()[1].offsets()[9], 0);
  EXPECT_TRUE(Batch(9, {nulls}).Check(Of({Make(5, "c", nulls.type())})).ok());
}

// What another library would hand over: its release is called once the last part has gone.
TEST(Array, IsTakenOverFromArrow) {
  static int released = 0;
  static const int32_t kValues[] = {1, 2, 3, 4};
  static const uint8_t kBits[] = {0b1101};
  static const void* buffers[] = {kBits, kValues};
  const auto made = [] {
    ArrowArray array{};
    array.length = 3;
    array.offset = 1;
    array.null_count = -1;
    array.n_buffers = 2;
    array.buffers = buffers;
    array.release = [](ArrowArray* a) {
      ++released;
      a->release = nullptr;
    };
    return array;
  };
  {
    ArrowArray array = made();
    const Array taken = Array::Import(&array, Type(TypeKind::kInt)).value();
    EXPECT_EQ(array.release, nullptr);
    EXPECT_EQ(taken.null_count(), 1);
    EXPECT_TRUE(taken.IsNull(0));
    EXPECT_EQ(taken.Slice(1, 2).At(1), Value(int32_t{4}));
    EXPECT_EQ(released, 0);
  }
  EXPECT_EQ(released, 1);
  ArrowArray array = made();
  EXPECT_EQ(Array::Import(&array, Type(TypeKind::kString)).error().kind, ErrorKind::kInvalid);
  EXPECT_EQ(released, 2);
}

}  // namespace
}  // namespace caudal
