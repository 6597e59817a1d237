#include "pipeline/applier.h"

#include <gmock/gmock.h>

#include "data/json.h"
#include "pipeline/landed_fixture.h"

namespace caudal::pipeline {
namespace {

using capture::ChangeOp;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Pair;

class ApplierTest : public LandedFixture {};

TEST_F(ApplierTest, PutsAllRowsThatCanBeApplied) {
  Row(ChangeOp::kInsert, 1, "a");
  Row(ChangeOp::kInsert, 2, "b");
  Row(ChangeOp::kUpdate, 1, "c");
  Land();
  LandRow(ChangeOp::kDelete, 2);
  const AppliedBatches applied = Apply();
  EXPECT_EQ(applied.last, 2);
  EXPECT_THAT(applied.rows, ElementsAre(Pair("public.t", 4)));
  EXPECT_TRUE(applied.quarantined.empty());
  EXPECT_THAT(Replica(), ElementsAre(Pair(1, "c")));
  EXPECT_EQ(RowsIn(Table("__changes")), 4);
  EXPECT_FALSE(catalog_->Load(Table("__quarantine")).ok());
}

TEST_F(ApplierTest, PutsARowWithoutAKeyIntoQuarantineAndGoesOn) {
  Row(ChangeOp::kInsert, 1, "a");
  Row(ChangeOp::kInsert, {}, "lost");
  Row(ChangeOp::kInsert, 2, "b");
  Land();
  AppliedBatches applied = Apply();
  EXPECT_THAT(applied.quarantined, ElementsAre(Pair("public.t", 1)));
  EXPECT_THAT(Replica(), ElementsAre(Pair(1, "a"), Pair(2, "b")));
  // Nothing is missing in the history.
  EXPECT_EQ(RowsIn(Table("__changes")), 3);
  ReadAll(Table("__quarantine"), [&](const Batch& batch) {
    ASSERT_EQ(batch.rows(), 1);
    EXPECT_EQ(batch.column(0).bytes(0), (Position{epoch_, 16, 1}).Text());
    EXPECT_EQ(batch.column(1).values<int64_t>()[0], 1);
    EXPECT_EQ(batch.column(2).values<int64_t>()[0], 1'000);
    EXPECT_EQ(batch.column(3).bytes(0), "c");
    EXPECT_THAT(std::string(batch.column(4).bytes(0)), HasSubstr("\"id\""));
    EXPECT_EQ(Json::parse(batch.column(5).bytes(0)), (Json{{"id", nullptr}, {"note", "lost"}}));
    EXPECT_EQ(batch.column(6).values<int64_t>()[0], clock_.Now());
  });
  // Further ones come behind it, and the table is the same.
  LandRow(ChangeOp::kDelete, {});
  LandRow(ChangeOp::kInsert, 3, "c");
  applied = Apply();
  EXPECT_EQ(applied.last, 3);
  EXPECT_EQ(RowsIn(Table("__quarantine")), 2);
  EXPECT_EQ(Replica().size(), 3u);
}

TEST_F(ApplierTest, AQuarantineOfAnotherIsNotWrittenTo) {
  lake::NewTable other;
  other.schema = Columns();
  ASSERT_TRUE(catalog_->Create(Table("__quarantine"), other).ok());
  LandRow(ChangeOp::kInsert, {}, "lost");
  const Result<std::optional<AppliedBatches>> applied = applier_->ApplyNext();
  ASSERT_FALSE(applied.ok());
  EXPECT_EQ(applied.error().code, "pipeline.table_taken");
  EXPECT_EQ(RowsIn(Table("__changes")), 0);
}

}  // namespace
}  // namespace caudal::pipeline
