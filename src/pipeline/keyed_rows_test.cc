// Rows of change files, as ChangeBuilder makes them, into changes of a replica.
#include "pipeline/keyed_rows.h"

#include <gmock/gmock.h>

#include "pipeline/changes_fixture.h"
#include "pipeline/unchanged_values.h"

namespace caudal::pipeline {
namespace {

using capture::ChangeOp;
using testing::ElementsAre;

class KeyedRowsTest : public ChangesFixture {
 protected:
  void SetUp() override { Open({{"id", Type(TypeKind::kInt), true, false, 1}}); }

  static std::vector<std::string> TextsOf(const KeyedRows& keyed) {
    std::vector<std::string> texts;
    for (int64_t row = 0; row < keyed.rows.rows(); ++row) {
      const Array& note = keyed.rows.column(1);
      const bool put = keyed.changes[static_cast<size_t>(row)] == lake::RowChange::kPut;
      texts.push_back(std::string(put ? "+" : "-") +
                      std::to_string(keyed.rows.column(0).values<int32_t>()[row]) +
                      (put ? " " + (note.IsNull(row) ? "-" : std::string(note.bytes(row))) : ""));
    }
    return texts;
  }
  lake::KeyCodec Codec() const {
    return lake::KeyCodec::Make(layout_.replica, layout_.replica.identifier_field_ids()).value();
  }
  // The replica has notes of these keys.
  FindPresent Replica(std::map<int, std::string> notes) {
    return [this, notes = std::move(notes)](const Batch& keys,
                                            const Schema& columns) -> Result<lake::FoundRows> {
      lake::FoundRows found;
      BatchBuilder builder = TRY(BatchBuilder::Make(columns));
      for (int64_t row = 0; row < keys.rows(); ++row) {
        const auto note = notes.find(keys.column(0).values<int32_t>()[row]);
        ++looked_up_;
        found.places.push_back(note == notes.end() ? lake::FoundRows::kNone : builder.rows());
        if (note != notes.end()) builder.column(0).AppendBytes(note->second);
      }
      found.rows = TRY(builder.Finish());
      return found;
    };
  }

  int looked_up_ = 0;
};

TEST_F(KeyedRowsTest, RowsArePutAndRemovedByKey) {
  Row(ChangeOp::kInsert, 1, "a");
  Row(ChangeOp::kUpdate, 1, "b");
  Row(ChangeOp::kDelete, 2, nullptr);
  Row(ChangeOp::kSnapshot, 3, nullptr);
  const KeyedRows keyed = KeyedRowsOf(layout_, Changes()).value();
  EXPECT_THAT(TextsOf(keyed), ElementsAre("+1 a", "+1 b", "-2", "+3 -"));
  EXPECT_TRUE(keyed.rows.column(2).type().Is(TypeKind::kStruct));
  EXPECT_EQ(keyed.rows.column(2).children().size(), 3u);
}

TEST_F(KeyedRowsTest, ARowThatMovesLeavesItsOldKey) {
  Row(ChangeOp::kInsert, 1, "a");
  Row(ChangeOp::kUpdate, 2, "a", 1);
  Row(ChangeOp::kUpdate, 2, "b", 2);  // as with REPLICA IDENTITY FULL: the key is the same
  Row(ChangeOp::kUpdate, 3, "c", 2);
  EXPECT_THAT(TextsOf(KeyedRowsOf(layout_, Changes()).value()),
              ElementsAre("+1 a", "-1", "+2 a", "+2 b", "-2", "+3 c"));
}

TEST_F(KeyedRowsTest, TheLastTruncateIsFound) {
  Row(ChangeOp::kInsert, 1, "a");
  EXPECT_EQ(LastTruncate(layout_, Changes()), -1);
  Row(ChangeOp::kTruncate, {}, nullptr);
  Row(ChangeOp::kInsert, 1, "a");
  Row(ChangeOp::kTruncate, {}, nullptr);
  Row(ChangeOp::kInsert, 1, "a");
  EXPECT_EQ(LastTruncate(layout_, Changes()), 2);
}

TEST_F(KeyedRowsTest, UnchangedValuesAreThoseBefore) {
  Row(ChangeOp::kUpdate, 1, "?");     // the replica's
  Row(ChangeOp::kUpdate, 1, "?");     // likewise, looked up once
  Row(ChangeOp::kInsert, 2, "two");   //
  Row(ChangeOp::kUpdate, 2, "?");     // of the row before
  Row(ChangeOp::kUpdate, 3, "?", 2);  // moved, with what it had
  Row(ChangeOp::kUpdate, 4, "?", 7);  // moved, and the replica has it under its old key
  Row(ChangeOp::kDelete, 5, nullptr);
  Row(ChangeOp::kUpdate, 5, "?");  // of nothing
  Row(ChangeOp::kUpdate, 6, "?");  // nor of this is anything known
  const Batch changes = Changes();
  ASSERT_TRUE(HasUnchanged(layout_, changes));
  const FilledChanges filled =
      FillUnchanged(layout_, Codec(), changes, Replica({{1, "one"}, {7, "seven"}, {5, "five"}}))
          .value();
  EXPECT_EQ(filled.absent, 2);
  EXPECT_EQ(looked_up_, 3);  // 1, 7 and 6
  EXPECT_THAT(TextsOf(KeyedRowsOf(layout_, filled.changes).value()),
              ElementsAre("+1 one", "+1 one", "+2 two", "+2 two", "-2", "+3 two", "-7", "+4 seven",
                          "-5", "+5 -", "+6 -"));
}

TEST_F(KeyedRowsTest, NothingIsLookedUpWhereAllIsSent) {
  Row(ChangeOp::kInsert, 1, "a");
  EXPECT_FALSE(HasUnchanged(layout_, Changes()));
}

}  // namespace
}  // namespace caudal::pipeline
