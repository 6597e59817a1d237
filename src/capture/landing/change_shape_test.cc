#include "capture/landing/change_shape.h"

#include <gmock/gmock.h>

#include "capture/landing/change_builder.h"

namespace caudal::capture {
namespace {

using testing::ElementsAre;

std::vector<std::string> Names(const Schema& schema) {
  std::vector<std::string> names;
  for (const Field& field : schema.fields()) names.push_back(field.name);
  return names;
}

std::vector<std::string> KeyOf(const Schema& schema) {
  std::vector<std::string> names;
  for (const int32_t id : schema.identifier_field_ids()) names.emplace_back(schema.FullNameOf(id));
  return names;
}

ChangeColumn Column(std::string name, TypeKind kind, bool key = false, bool inexact = false) {
  return {std::move(name), Type(kind), key, inexact};
}

TEST(ChangeShapeTest, OfATableWithAKey) {
  const ChangeShape shape =
      ShapeOf({Column("id", TypeKind::kLong, true), Column("name", TypeKind::kString)}).value();
  EXPECT_THAT(Names(shape.replica), ElementsAre("id", "name", "_caudal"));
  EXPECT_THAT(Names(shape.history), ElementsAre("id", "name", "op", "before", "_caudal"));
  EXPECT_THAT(KeyOf(shape.replica), ElementsAre("id"));
  EXPECT_THAT(KeyOf(shape.history), ElementsAre());
  EXPECT_TRUE(shape.replica.FindByName("id")->required);
  EXPECT_FALSE(shape.history.FindByName("id")->required);
  EXPECT_NE(shape.history.FindByName("before.name"), nullptr);
  EXPECT_NE(shape.history.FindByName("_caudal.unchanged.element"), nullptr);
  EXPECT_EQ(shape.replica.FindByName("_caudal.unchanged"), nullptr);
  EXPECT_NE(shape.replica.FindByName("_caudal.unrepresentable.element.value"), nullptr);
  EXPECT_FALSE(shape.key_text);
}

TEST(ChangeShapeTest, KeysThatColumnsDontHoldExactlyAreTexts) {
  for (const ChangeColumn& part :
       {ChangeColumn{"n", Type::Decimal(9, 2), true, true}, Column("n", TypeKind::kDouble, true)}) {
    const ChangeShape shape = ShapeOf({Column("id", TypeKind::kLong, true), part}).value();
    EXPECT_THAT(Names(shape.replica), ElementsAre("id", "n", "_caudal_key", "_caudal"));
    EXPECT_THAT(Names(shape.history),
                ElementsAre("id", "n", "_caudal_key", "op", "before", "_caudal"));
    EXPECT_THAT(KeyOf(shape.replica), ElementsAre("_caudal_key"));
    EXPECT_FALSE(shape.replica.FindByName("id")->required);
    EXPECT_TRUE(shape.key_text);
  }
}

TEST(ChangeShapeTest, NamesStayApart) {
  const ChangeShape shape =
      ShapeOf({Column("op", TypeKind::kLong), Column("duration", TypeKind::kLong),
               Column("Duration", TypeKind::kLong), Column("_caudal", TypeKind::kLong),
               Column("before", TypeKind::kLong)})
          .value();
  EXPECT_THAT(Names(shape.replica), ElementsAre("op_1", "duration", "Duration_1", "_caudal_1",
                                                "before_1", "_caudal_key", "_caudal"));
  // Nothing is its key: its rows are.
  EXPECT_TRUE(shape.row_key);
  EXPECT_THAT(KeyOf(shape.replica), ElementsAre("_caudal_key"));
  EXPECT_EQ(shape.history.FindByName("_caudal_key"), nullptr);
}

TEST(ChangeShapeTest, TablesWithoutColumnsHaveRowsToo) {
  const ChangeShape shape = ShapeOf({}).value();
  EXPECT_THAT(Names(shape.history), ElementsAre("op", "_caudal"));
  ChangeBuilder builder = ChangeBuilder::Make(shape.history, 0, false).value();
  builder.EndRow({ChangeOp::kInsert, {1, 2, 3}, 4});
  const Batch batch = builder.Finish().value();
  EXPECT_EQ(batch.rows(), 1);
  EXPECT_TRUE(batch.Check(shape.history).ok());
}

TEST(ChangeShapeTest, WhatRowsOfASnapshotHave) {
  const ChangeShape shape =
      ShapeOf({Column("id", TypeKind::kLong, true), {"n", Type::Decimal(9, 2), true, true}})
          .value();
  const Schema plain = SnapshotColumnsOf(shape.history, false).value();
  const Schema all = SnapshotColumnsOf(shape.history, true).value();
  EXPECT_THAT(Names(plain), ElementsAre("id", "n", "_caudal_key", "op", "_caudal"));
  EXPECT_EQ(plain.fields().back().type.fields().size(), 1u);
  for (const char* name : {"_caudal.position", "_caudal.unrepresentable.element.value", "n"})
    EXPECT_EQ(all.FindByName(name)->id, shape.history.FindByName(name)->id) << name;

  ChangeBuilder builder = ChangeBuilder::Make(all, 2, true).value();
  for (uint64_t i = 8; i < 12; ++i) {
    builder.column(0).AppendLong(7);
    builder.column(1).AppendNull();
    builder.key_text().AppendBytes("x");
    if (i == 9) builder.Unrepresentable("n", "NaN");
    builder.EndRow({ChangeOp::kSnapshot, {1, 2, i}, std::nullopt});
  }
  const Batch batch = builder.Finish().value();
  ASSERT_TRUE(batch.Check(all).ok());
  const std::vector<Array>& own = batch.columns().back().children();
  for (int64_t i = 0; i < 4; ++i) {
    EXPECT_EQ(Position::Parse(own[0].bytes(i)).value(), (Position{1, 2, 8 + uint64_t(i)}));
    EXPECT_EQ(own[1].offsets()[i + 1] - own[1].offsets()[i], i == 1 ? 1 : 0);
  }
}

TEST(ChangeBuilderTest, PositionsOfAnyOrder) {
  const ChangeShape shape = ShapeOf({}).value();
  ChangeBuilder builder = ChangeBuilder::Make(shape.history, 0, false).value();
  const uint64_t most = Position::kOrdinalMax;
  const std::vector<Position> positions = {{0, 0, 0},        {0, 0, 1},    {1, 0, 2},   {1, 0, 3},
                                           {1, 1, 99},       {1, 1, 100},  {1, 1, 102}, {1, 1, 101},
                                           {1, 2, most - 1}, {1, 2, most}, {1, 3, 0},   {1, 3, 0}};
  for (const Position& position : positions)
    builder.EndRow({ChangeOp::kInsert, position, std::nullopt});
  const Batch batch = builder.Finish().value();
  for (size_t i = 0; i < positions.size(); ++i)
    EXPECT_EQ(batch.columns().back().children()[0].bytes(static_cast<int64_t>(i)),
              positions[i].Text());
}

TEST(ChangeBuilderTest, RowsOfEveryKind) {
  const ChangeShape shape = ShapeOf({Column("id", TypeKind::kLong, true),
                                     {"n", Type::Decimal(9, 2), true, true},
                                     Column("tags", TypeKind::kString)})
                                .value();
  ChangeBuilder builder = ChangeBuilder::Make(shape.history, 3, shape.key_text).value();
  const auto row = [&](int64_t id) {
    builder.column(0).AppendLong(id);
    builder.column(1).AppendNull();
    builder.column(2).AppendNull();
    builder.key_text().AppendBytes("[\"1\",\"NaN\"]");
  };
  row(1);
  builder.Unrepresentable("n", "NaN");
  builder.Unchanged("tags");
  builder.EndRow({ChangeOp::kUpdate, {1, 0x10, 0}, 77});
  row(2);
  builder.before(0).AppendLong(1);
  builder.before(1).AppendDecimal(5);
  builder.before(2).AppendBytes("a");
  builder.BeforeUnrepresentable("n", "Infinity");
  builder.EndRow({ChangeOp::kDelete, {1, 0x10, 1}, std::nullopt, true, "[\"1\",\"0\"]"});
  for (size_t i = 0; i < 3; ++i) builder.column(i).AppendNull();
  builder.key_text().AppendNull();
  builder.EndRow({ChangeOp::kTruncate, {1, 0x10, 2}, 78});

  EXPECT_EQ(builder.rows(), 3);
  const Batch batch = builder.Finish().value();
  ASSERT_TRUE(batch.Check(shape.history).ok());
  const Array& op = batch.column(4);
  EXPECT_EQ(op.bytes(0), "u");
  EXPECT_EQ(op.bytes(1), "d");
  EXPECT_EQ(op.bytes(2), "t");
  const Array& before = batch.column(5);
  EXPECT_TRUE(before.IsNull(0));
  EXPECT_FALSE(before.IsNull(1));
  EXPECT_EQ(before.children()[2].bytes(1), "a");
  const Array& own = batch.column(6);
  EXPECT_EQ(own.children()[0].bytes(1), "00000001-0000000000000010-0000000001");
  EXPECT_EQ(own.children()[1].values<int64_t>()[0], 77);
  EXPECT_TRUE(own.children()[1].IsNull(1));
  const Array& lost = own.children()[2];
  EXPECT_EQ(lost.offsets()[1] - lost.offsets()[0], 1);
  EXPECT_EQ(lost.offsets()[3] - lost.offsets()[1], 0);
  EXPECT_EQ(lost.children()[0].children()[1].bytes(0), "NaN");
  EXPECT_EQ(own.children()[3].children()[0].children()[1].bytes(0), "Infinity");
  EXPECT_TRUE(own.children()[4].IsNull(0));
  EXPECT_EQ(own.children()[4].bytes(1), "[\"1\",\"0\"]");
  EXPECT_EQ(own.children()[5].children()[0].bytes(0), "tags");
}

}  // namespace
}  // namespace caudal::capture
