#include "pipeline/column_plan.h"

#include <gmock/gmock.h>

#include "capture/landing/history_tables.h"
#include "lake/format/new_table.h"

namespace caudal::pipeline {
namespace {

using capture::ChangeColumn;
using testing::ElementsAre;

ChangeColumn Column(const char* name, int32_t source_id, TypeKind kind = TypeKind::kInt,
                    bool key = false) {
  return {name, Type(kind), key, false, source_id};
}

// A table as RawTables makes it of these columns.
lake::TableMetadata Made(TableKind kind, const std::vector<ChangeColumn>& columns) {
  const capture::ChangeShape shape = capture::ShapeOf(columns).value();
  lake::NewTable table;
  table.uuid = "f79c3e09-677c-4bbd-a479-3f349cb785e7";
  table.location = "gs://lake/t";
  table.schema = kind == TableKind::kReplica ? shape.replica : shape.history;
  std::vector<MappedColumn> mapped;
  for (size_t i = 0; i < columns.size(); ++i)
    mapped.push_back({static_cast<int32_t>(i) + 1, columns[i].source_id, columns[i].name});
  table.properties[kColumnsProperty] = TextOf(mapped);
  return lake::MakeTableMetadata(table, 0).value();
}

Result<ColumnPlan> Plan(TableKind kind, const std::vector<ChangeColumn>& before,
                        const std::vector<ChangeColumn>& after) {
  const capture::ChangeShape shape = capture::ShapeOf(after).value();
  return PlanColumns(Made(kind, before), kind, after,
                     kind == TableKind::kReplica ? shape.replica : shape.history);
}

std::vector<std::string> NamesOf(const std::vector<Field>& fields) {
  std::vector<std::string> names;
  for (const Field& field : fields)
    names.push_back(field.name + ":" + std::to_string(field.id) +
                    (field.type.Is(TypeKind::kLong) ? "L" : ""));
  return names;
}

const std::vector<ChangeColumn> kBefore = {Column("id", 1, TypeKind::kInt, true), Column("a", 2),
                                           Column("b", 3)};

TEST(ColumnPlanTest, TheSameColumnsAreTheSameTable) {
  for (const TableKind kind : {TableKind::kReplica, TableKind::kHistory}) {
    const ColumnPlan plan = Plan(kind, kBefore, kBefore).value();
    EXPECT_TRUE(plan.schema.SameAs(Made(kind, kBefore).schema()));
    EXPECT_EQ(plan.columns, MappedColumnsOf(Made(kind, kBefore)).value());
  }
}

TEST(ColumnPlanTest, ColumnsComeGoAndAreRenamedInAReplica) {
  // "a" goes, "b" is called "a" now, "c" is new, and the key is wider.
  const ColumnPlan plan =
      Plan(TableKind::kReplica, kBefore,
           {Column("id", 1, TypeKind::kLong, true), Column("c", 4), Column("a", 3)})
          .value();
  const auto names = NamesOf(plan.schema.fields());
  ASSERT_EQ(names.size(), 4u);
  EXPECT_EQ(names[0], "id:1L");
  EXPECT_THAT(names[1], testing::StartsWith("c:"));
  EXPECT_EQ(names[2], "a:3");
  EXPECT_THAT(names[3], testing::StartsWith("_caudal:"));
  EXPECT_THAT(plan.schema.identifier_field_ids(), ElementsAre(1));
  EXPECT_EQ(plan.columns[2], (MappedColumn{3, 3, "a"}));
}

TEST(ColumnPlanTest, AHistoryKeepsWhatIsGone) {
  const std::vector<ChangeColumn> after = {Column("id", 1, TypeKind::kInt, true), Column("a", 3)};
  const ColumnPlan plan = Plan(TableKind::kHistory, kBefore, after).value();
  EXPECT_THAT(NamesOf(plan.schema.fields()),
              ElementsAre("id:1", "a_1:2", "a:3", testing::StartsWith("op:"),
                          testing::StartsWith("before:"), testing::StartsWith("_caudal:")));
  const Field* before = plan.schema.FindByName("before");
  ASSERT_NE(before, nullptr);
  std::vector<std::string> parts;
  for (const Field& field : before->type.fields()) parts.push_back(field.name);
  EXPECT_THAT(parts, ElementsAre("id", "a_1", "a"));
  // Change files of now have the source's columns alone, under the same ids.
  const Schema layout =
      HistoryLayout(plan.schema, capture::ShapeOf(after)->history, plan.columns).value();
  EXPECT_THAT(NamesOf(layout.fields()),
              ElementsAre("id:1", "a:3", testing::StartsWith("op:"), testing::StartsWith("before:"),
                          testing::StartsWith("_caudal:")));
  EXPECT_EQ(layout.fields()[3].type.fields().size(), 2u);
}

TEST(ColumnPlanTest, TwoColumnsSwapTheirNames) {
  const ColumnPlan plan =
      Plan(TableKind::kHistory, kBefore,
           {Column("id", 1, TypeKind::kInt, true), Column("b", 2), Column("a", 3)})
          .value();
  EXPECT_EQ(plan.schema.Find(2)->name, "b");
  EXPECT_EQ(plan.schema.Find(3)->name, "a");
}

TEST(ColumnPlanTest, AnotherTypeIsAnotherColumn) {
  const std::vector<ChangeColumn> after = {Column("id", 1, TypeKind::kInt, true),
                                           Column("a", 2, TypeKind::kString), Column("b", 3)};
  const ColumnPlan replica = Plan(TableKind::kReplica, kBefore, after).value();
  EXPECT_EQ(replica.schema.Find(2), nullptr);
  EXPECT_TRUE(replica.schema.FindByName("a")->type.Is(TypeKind::kString));
  const ColumnPlan history = Plan(TableKind::kHistory, kBefore, after).value();
  EXPECT_EQ(history.schema.Find(2)->name, "a_1");
  EXPECT_TRUE(history.schema.FindByName("a")->type.Is(TypeKind::kString));
}

TEST(ColumnPlanTest, AnotherKeyIsRefused) {
  const auto refused =
      Plan(TableKind::kReplica, kBefore, {Column("id", 1), Column("a", 2, TypeKind::kInt, true)});
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, capture::kKeyChanged);
}

}  // namespace
}  // namespace caudal::pipeline
